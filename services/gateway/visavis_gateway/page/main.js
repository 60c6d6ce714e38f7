// Puts the page together: one click starts a call, its events move the view.
import { ApiError, readInfo } from "./api.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { Facts } from "./facts.js";
import { Level, openMicrophone } from "./microphone.js";
import { startReports } from "./reports.js";
import { View } from "./view.js";
import { byeText, ENDED, MICROPHONE, NOTES, retryText, TITLES } from "./words.js";

const LEVEL_EVERY_MS = 100;

const view = new View();
const captions = new Captions(view.captions);
const facts = new Facts();

let info = null;
let call = null;
let microphone = null; // the track, null while there is none
let context = null; // meters the microphone and knows the output latency
let level = null;
let muted = false;
let stopReports = () => {};

function setPhase(phase) {
  facts.phase = phase;
  view.setPhase(phase);
}

async function loadInfo() {
  info = await readInfo();
  view.setDisclosure(info.disclosure);
  view.setPersonas(info.personas ?? []);
  welcome();
}

function welcome() {
  if (info.personas?.length) view.setWelcome(`Meet ${titleOf(view.persona.value)}`);
}

async function start() {
  if (typeof RTCPeerConnection === "undefined") return end({ code: "unsupported" });
  view.hideNotice();
  captions.clear();
  facts.clear();
  setPhase("asking");
  prepareSound();
  let made = null;
  try {
    if (!info) await loadInfo();
    made = newCall(info.ice_servers ?? []);
    call = facts.call = made;
    await takeMicrophone(made);
    if (made.ended) return;
    setPhase("connecting");
    await made.open(view.persona.value);
  } catch (error) {
    if (!made?.ended) fail(error);
  }
}

/** Inside the click, so that no browser holds the sound back. */
function prepareSound() {
  view.face.srcObject = new MediaStream();
  context?.close();
  context = new AudioContext();
  play();
}

function play() {
  view.face.play().then(() => { view.hear.hidden = true; }, (error) => {
    if (error.name === "NotAllowedError") view.hear.hidden = false;
  });
}

function newCall(iceServers) {
  const made = new Call(iceServers);
  const on = (type, handle) => made.addEventListener(type, ({ detail }) => handle(detail));
  on("track", addTrack);
  on("live", () => onLive(made));
  on("wobble", (wobbling) => {
    if (wobbling) view.showNotice(NOTES.wobbling, null, "note");
    else view.hideNotice(NOTES.wobbling);
  });
  on("message", onMessage);
  on("end", end);
  return made;
}

/** One stream in one element for both tracks: the browser then keeps them in step. */
function addTrack(track) {
  view.face.srcObject.addTrack(track);
  if (view.face.paused) play();
}

async function takeMicrophone(forCall) {
  const waiting = setTimeout(() => view.showNotice(NOTES.asking, null, "note"), 600);
  try {
    const track = await openMicrophone();
    if (forCall.ended) return track.stop();
    microphone = track;
  } catch ({ reason }) {
    if (!forCall.ended) offerMicrophone(forCall, reason);
    return;
  } finally {
    clearTimeout(waiting);
    view.hideNotice(NOTES.asking);
  }
  microphone.enabled = !muted;
  microphone.addEventListener("ended", () => offerMicrophone(forCall, "unplugged"));
  level = new Level(context, microphone);
  await forCall.setMicrophone(microphone);
}

/** Says why the microphone is silent, and how to try again without a new call. */
function offerMicrophone(forCall, reason) {
  dropMicrophone();
  if (forCall.ended) return;
  const again = { label: "Try again", run: () => { view.hideNotice(); takeMicrophone(forCall); } };
  view.showNotice(MICROPHONE[reason], reason === "insecure" ? null : again);
}

function dropMicrophone() {
  microphone?.stop();
  microphone = null;
  level?.close();
  level = null;
  view.setLevel(0);
}

function onLive(made) {
  setPhase("live");
  stopReports = startReports({
    call: made,
    video: view.face,
    context,
    onFirstFrame: () => {
      view.showPicture(true);
      made.send({ type: "shown" });
    },
  });
  if (!microphone) view.text.focus({ preventScroll: true });
}

function onMessage(message) {
  facts.take(message);
  if (Object.hasOwn(HANDLERS, message.type)) HANDLERS[message.type](message);
}

const HANDLERS = {
  session: ({ persona, disclosure, label }) => {
    view.setDisclosure(disclosure);
    view.setLabel(label);
    captions.name = titleOf(persona?.name);
  },
  state: ({ state }) => view.setState(state),
  transcript: (message) => captions.setTranscript(message),
  reply: (message) => captions.setReply(message),
  turn: (message) => captions.setTurn(message),
  error: ({ message, fatal }) => fatal || view.showNotice(message),
};

function titleOf(name) {
  const known = info?.personas?.find((persona) => persona.name === name);
  return known?.title || name || "Avatar";
}

function fail(error) {
  const { code, message, retryAfterS = 0 } = error instanceof ApiError ? error : { code: "refused", message: "" };
  const detail = { code, message, retryAfterS };
  if (call) call.leave(detail);
  else end(detail);
}

/** Every way a call can end comes through here. */
function end({ code, message = "", retryAfterS = 0 }) {
  stopReports();
  captions.settle();
  view.hideNotice();
  dropMicrophone();
  context?.close();
  context = null;
  call = facts.call = null;
  view.face.srcObject = null;
  view.hear.hidden = true;
  view.showPicture(false);
  view.setState("idle");
  setPhase("ended");
  view.setWelcome(...farewell(code, message, retryAfterS));
}

function farewell(code, message, retryAfterS) {
  if (code === "bye") return [TITLES.ended, byeText(message)];
  const lead = Object.hasOwn(ENDED, code) ? ENDED[code] : message || ENDED.refused;
  return [TITLES[code] ?? TITLES.refused, lead + retryText(retryAfterS)];
}

function setMuted(now) {
  muted = now;
  view.setMuted(muted);
  if (microphone) microphone.enabled = !muted;
}

function say(event) {
  event.preventDefault();
  const text = view.text.value.trim();
  if (!text || !call?.live) return;
  call.send({ type: "text", text });
  captions.addTyped(text);
  view.text.value = "";
  view.hideNotice(); // whoever types has read it
}

view.start.addEventListener("click", start);
view.persona.addEventListener("change", welcome);
view.end.addEventListener("click", () => call?.leave());
view.mute.addEventListener("click", () => setMuted(!muted));
view.interrupt.addEventListener("click", () => call?.send({ type: "interrupt" }));
view.hear.addEventListener("click", play);
view.say.addEventListener("submit", say);
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && !view.interrupt.disabled) call?.send({ type: "interrupt" });
});
window.addEventListener("pagehide", () => call?.leave());
setInterval(() => { if (level) view.setLevel(muted ? 0 : level.read()); }, LEVEL_EVERY_MS);

facts.expose();
loadInfo().catch(() => {}); // Start asks again, and says so when it fails
