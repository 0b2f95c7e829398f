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

function put(key) {
  return client.send(new PutObjectCommand({ ...where, Key: key, Body: data.subarray(0, 1 << 20) }));
}

function sleep(seconds) {
  return new Promise((wake) => setTimeout(wake, 1000 * seconds));
}

function pause() {
  return sleep(process.env.T_PAUSE || 3);
}

async function main(mode) {
  console.log("begin");
  if (mode === "put") await put("key");
  else if (mode === "two") {
    await put("first");
    await put("key");
  } else if (mode === "await") await upload();
  else if (mode === "forgotten" || mode === "exit") upload();
  else if (mode === "other") {
    put("forgotten");
    await upload();
  } else if (mode === "timer") {
    put("forgotten");
    await sleep(2);
    await put("key");
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
