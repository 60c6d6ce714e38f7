"use strict";
// visavis.tts.v1 in Node: the steps of docs/protocol.md, sections 1 and 5, around the demo voice of voice.js.
//   node server.js [HOST:PORT]        default 127.0.0.1:6000; port 0 takes a free one

const { once } = require("node:events");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");
const { Clauses } = require("./clauses");
const { CHUNK, RATE_HZ, speak } = require("./voice");

const PROTOS = path.resolve(__dirname, "../../protos");
const OPTIONS = { keepCase: true, longs: Number, defaults: true, enums: String, oneofs: true, includeDirs: [PROTOS, __dirname] };
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const VOICE = "tones";
const MAX_STREAMS = 8;
const MAX_MESSAGE = 4000;
const MAX_REPLY = 20000;
const GRACE_MS = 5000;

const load = (file) => grpc.loadPackageDefinition(protoLoader.loadSync(file, OPTIONS));
const { TtsService } = load("visavis/tts/v1/tts_service.proto").visavis.tts.v1;
const { Health } = load("health.proto").grpc.health.v1;

/** An error with a gRPC status: its message reaches the caller. */
const failure = (code, details) => Object.assign(new Error(details), { code: grpc.status[code], details });
const invalid = (details) => failure("INVALID_ARGUMENT", details);

let streams = 0;

/** One reply: `read` takes requests as they come, `run` speaks; both at the same time. */
class Reply {
  #call;
  #clauses = new Clauses();
  #start = null;
  #isFinished = false; // finish came
  #isOver = false; // cancelled, abandoned, failed or done
  #flushUntil = 0; // code points that are to be spoken without waiting for more
  #wake = () => {};
  #letGo = () => {};
  #sample = 0;

  constructor(call) {
    this.#call = call;
  }

  read(request) {
    if (this.#isOver || this.#isFinished) return;
    if (request.event === "start") this.#open(request.start);
    else if (!this.#start) throw invalid("start must be first");
    else if (request.event === "text") this.#append(request.text.text);
    else if (request.event === "flush") this.#flushUntil = this.#clauses.length;
    else if (request.event === "finish") this.#isFinished = true;
    else throw invalid("event must be one of start, text, flush, finish");
    this.#wake();
  }

  /** The caller has ended its side: without finish, the reply was abandoned. */
  ended() {
    if (!this.#isFinished) this.stop();
  }

  stop() {
    this.#isOver = true;
    this.#wake();
    this.#letGo();
  }

  /** Speaks until all is spoken, or nobody listens any more. */
  async run() {
    while (!this.#isOver) {
      const woken = new Promise((resolve) => (this.#wake = resolve));
      const all = this.#isFinished || this.#flushUntil >= this.#clauses.length;
      const clause = this.#start && this.#clauses.next(all);
      if (clause) await this.#say(speak(clause, this.#sample, this.#start.speed || 1));
      else if (this.#isFinished) return this.#finish();
      else await woken;
    }
  }

  #open(start) {
    if (this.#start) throw invalid("start must come only once");
    for (const field of ["session_id", "turn_id"])
      if (!ID.test(start[field])) throw invalid(`start.${field} must be 1 to 64 of A-Z a-z 0-9 _ -`);
    if (!(start.generation >= 1)) throw invalid("start.generation must be 1 or more");
    if (start.speed && !(start.speed >= 0.5 && start.speed <= 2)) throw invalid("start.speed must be 0.5 to 2, or 0");
    if (start.voice && start.voice !== VOICE) throw failure("NOT_FOUND", `no such voice; there is ${VOICE}`);
    this.#start = start;
    this.#call.write({ started: { format: { sample_rate_hz: RATE_HZ, channel_count: 1 } } });
  }

  #append(text) {
    const length = [...text].length;
    if (length > MAX_MESSAGE) throw invalid(`text.text has ${length} characters; at most ${MAX_MESSAGE} are allowed`);
    if (this.#clauses.length + length > MAX_REPLY) throw invalid(`a reply has at most ${MAX_REPLY} characters`);
    this.#clauses.add(text);
  }

  /** Words and mouth first, then the sound in chunks of 20 ms. */
  async #say({ samples, words, cues }) {
    await this.#send({ words: { words } });
    await this.#send({ visemes: { cues } });
    for (let at = 0; at < samples.length && !this.#isOver; at += CHUNK) {
      const part = samples.subarray(at, at + CHUNK);
      const pcm = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      await this.#send({ audio: { start_sample: this.#sample, pcm_s16le: pcm } });
      this.#sample += CHUNK;
    }
  }

  /** Writes with flow control: waits while the gateway does not read. */
  async #send(response) {
    if (this.#isOver || this.#call.write(response)) return;
    await new Promise((resolve) => {
      this.#letGo = resolve;
      this.#call.once("drain", resolve);
    });
  }

  async #finish() {
    await this.#send({ done: { sample_count: this.#sample } });
    this.#isOver = true;
  }
}

function synthesize(call) {
  if (streams >= MAX_STREAMS) return call.emit("error", failure("RESOURCE_EXHAUSTED", `all ${MAX_STREAMS} streams are taken`));
  streams += 1;
  const reply = new Reply(call);
  let isClosed = false;
  const close = (error) => {
    if (isClosed) return;
    isClosed = true;
    streams -= 1;
    reply.stop();
    if (error) call.emit("error", error.code ? error : failure("INTERNAL", "a fault of the service"));
    else call.end();
  };
  call.on("data", (request) => {
    try {
      reply.read(request);
    } catch (error) {
      close(error);
    }
  });
  call.on("end", () => reply.ended());
  call.on("cancelled", () => reply.stop());
  reply.run().then(() => close(), close);
}

let health = "SERVING";
const isKnown = ({ service }) => ["", "visavis.tts.v1.TtsService"].includes(service);

function check(call, answer) {
  if (isKnown(call.request)) answer(null, { status: health });
  else answer(failure("NOT_FOUND", "no such service"));
}

const watch = (call) => call.write({ status: isKnown(call.request) ? health : "SERVICE_UNKNOWN" });

const server = new grpc.Server({ "grpc.max_receive_message_length": 1 << 20 });
server.addService(TtsService.service, { Synthesize: synthesize });
server.addService(Health.service, { Check: check, Watch: watch });

const address = process.argv[2] ?? "127.0.0.1:6000";
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    console.error(`can't listen on ${address}: ${error.message}`);
    process.exit(1);
  }
  console.log(`tts listening on port ${port}`);
});

function shutDown() {
  health = "NOT_SERVING";
  server.tryShutdown(() => process.exit(0));
  setTimeout(() => server.forceShutdown(), GRACE_MS).unref();
}
process.on("SIGTERM", shutDown);
process.on("SIGINT", shutDown);
