// The same as driver.py for the clients in Node: a line of JSON for each call, one for each outcome.
// Run in the folder in which they are installed.
const { createRequire } = require("node:module");
const path = require("node:path");
const readline = require("node:readline");

const [which, address, accessKeyId, accessKeySecret, regionId] = process.argv.slice(2);
const installed = createRequire(path.join(process.cwd(), "package.json"));
// A worker that starts on a machine with much company takes longer than the usual 3 s; a connection that is kept alive
// and hears nothing for its time to connect counts as one that could not connect, so both have the same.
const limit = 60_000;
const patience = { readTimeout: limit, connectTimeout: limit };
const lower = (name) => name[0].toLowerCase() + name.slice(1);

function newSdk() {
  const vpc = installed("@alicloud/vpc20160428");
  const { $OpenApiUtil } = installed("@alicloud/openapi-core");
  const dara = installed("@darabonba/typescript");
  const client = new vpc.default(
    new $OpenApiUtil.Config({ accessKeyId, accessKeySecret, endpoint: address, protocol: "http", regionId, ...patience }),
  );
  return async ({ action, parameters }) => {
    const request = dara.cast(parameters, new vpc[`${action}Request`]({}));
    const answer = await client[lower(action)](request);
    return answer.body.toMap();
  };
}

function popCore(method) {
  const Client = installed("@alicloud/pop-core");
  const client = new Client({
    accessKeyId,
    accessKeySecret,
    endpoint: `http://${address}`,
    apiVersion: "2016-04-28",
    opts: { timeout: limit },
  });
  return ({ action, parameters }) => client.request(action, parameters, { method });
}

const call = { node: newSdk, "pop-get": () => popCore("GET"), "pop-post": () => popCore("POST") }[which]();

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let outcome;
    try {
      outcome = { body: await call(JSON.parse(line)) };
    } catch (error) {
      const status = error.statusCode || (error.entry && error.entry.response && error.entry.response.statusCode) || 0;
      outcome = { error: { kind: error.name, code: String(error.code || ""), status, message: String(error.message) } };
    }
    process.stdout.write(JSON.stringify(outcome) + "\n");
  }
})();
