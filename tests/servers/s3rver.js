// s3rver.js STATE PORT: http on PORT, https on the next.
const fs = require("fs");
const S3rver = require("@20minutes/s3rver");
const [, , state, port] = process.argv;
const options = { address: "127.0.0.1", directory: state + "/data", silent: true, vhostBuckets: true };

// It throws when a Complete names an upload that is gone; a test server goes on.
process.on("uncaughtException", (error) => console.error(error));
new S3rver({ ...options, port: +port }).run();
new S3rver({
	...options, port: +port + 1,
	key: fs.readFileSync(state + "/tls.key"), cert: fs.readFileSync(state + "/tls.crt"),
}).run();
