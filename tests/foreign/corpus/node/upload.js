// upload MODE: the corpus in JavaScript, with the AWS SDK v3 and lib-storage.
const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");

const client = new S3Client({ forcePathStyle: true });
const data = Buffer.alloc(20 << 20);
let begun; // when the first part is over
const where = { Bucket: "bucket", Key: "key" };

function upload() {
  const upload = new Upload({ client, params: { ...where, Body: data } });
  begun = new Promise((tell) => upload.on("httpUploadProgress", tell));
  return upload.done();
}

function pause() {
  return new Promise((wake) => setTimeout(wake, 1000 * (process.env.T_PAUSE || 3)));
}

async function main(mode) {
  console.log("begin");
  if (mode === "put") await client.send(new PutObjectCommand({ ...where, Body: data.subarray(0, 1 << 20) }));
  else if (mode === "await") await upload();
  else if (mode === "forgotten" || mode === "exit") upload();
  else if (mode === "other") {
    client.send(new PutObjectCommand({ ...where, Key: "forgotten", Body: data.subarray(0, 1 << 20) }));
    await upload();
  } else if (mode === "lucky") {
    upload();
    await pause();
  } else process.exit(2);
  console.log("end");
  if (mode === "exit") {
    await begun;
    process.exit(0);
  }
}

main(process.argv[2]).catch((e) => {
  console.error("upload:", e);
  process.exit(3);
});
