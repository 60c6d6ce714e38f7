// Puts the page together: one click starts a call, its events move the view.
import { ApiError, Gateway } from "./api.js";
import { Call } from "./call.js";
import { Captions } from "./captions.js";
import { connectionRows, reportLatency } from "./connection.js";
import { setSpeaker } from "./devices.js";
import { Facts } from "./facts.js";
import { Hearing } from "./hearing.js";
import { nameOf, People } from "./people.js";
import { prefer, preferred } from "./preferences.js";
import { Prefetch } from "./prefetch.js";
import { watchQuality } from "./quality.js";
import { Reconnect, watchSleep } from "./reconnect.js";
import { startReports } from "./reports.js";
import { Settings } from "./settings.js";
import { watchSilence } from "./silence.js";
import { View } from "./view.js";
import { farewell, microphoneText, NOTES } from "./words.js";

const LEVEL_EVERY_MS = 100;
const ASKING_AFTER_MS = 600;
const LOST_AFTER_SLEEP_MS = 8_000; // the gateway lets a silent viewer go after 10 s
const NOTE_MS = 4_000; // how long good news stand
const LOUD = 0.3; // the level at which the arcs are widest

const gateway = new Gateway();
const view = new View();
const captions = new Captions(view.captions);
const facts = new Facts();
const prefetch = new Prefetch(gateway);
const hearing = new Hearing(offerMicrophone, onMicrophone);
const reconnect = new Reconnect(comeBack, () => end({ code: "lost" }));
const settings = new Settings({
  microphone: (id) => { if (call) hearing.open(call, context, id); },
  speaker: (id) => setSpeaker(view.face, id),
  announce: (on) => { view.captions.ariaLive = on ? "polite" : "off"; },
});
const groups = ["choose", "persona"].map((id) => {
  const fieldset = document.getElementById(id);
  return new People(fieldset, (name) => gateway.pictureOf(name), choosePersona);
});

let info = null;
let persona = "";
let call = null;
let context = null; // meters the microphone and knows the output latency
let stopWatching = () => {};

function setPhase(phase) {
  facts.phase = phase;
  view.setPhase(phase);
}

async function loadInfo() {
  info = await gateway.info();
  prefetch.iceServers = info.ice_servers ?? [];
  view.setDisclosure(info.disclosure);
  const listed = (info.personas ?? []).filter(({ listed = true }) => listed);
  const asked = new URLSearchParams(location.search).get("persona") ?? preferred("persona");
  persona = (info.personas?.find(({ name }) => name === asked) ?? listed[0])?.name ?? "";
  for (const group of groups) group.show(listed, persona);
  groups[0].fieldset.hidden = listed.length < 2;
  introduce();
  if (facts.phase === "ready" && canCall()) prefetch.warm();
}

function introduce() {
  const name = nameOf(titleOf(persona))[0];
  view.setPortrait(gateway.pictureOf(persona), name);
  if (facts.phase !== "ready") return;
  view.setWelcome(`Meet ${name}`);
  view.start.textContent = `Talk with ${name}`;
}

async function choosePersona(name) {
  persona = name;
  prefer("persona", name);
  for (const group of groups) group.choose(name);
  introduce();
  if (call?.session) await gateway.become(call.session, name).catch(({ message }) => view.showNotice(message));
}

const canCall = () => typeof RTCPeerConnection !== "undefined";

async function start() {
  if (!canCall()) return end({ code: "unsupported" });
  facts.clear();
  facts.note("clicked");
  view.hideNotice();
  captions.clear();
  setPhase("connecting");
  prepareSound();
  try {
    if (!info) await loadInfo();
    await connect();
  } catch (error) {
    fail(error);
  }
}

/** With the call that was made ready, or with a new one when that came to nothing. */
async function connect() {
  const { call: made, reserved, opened } = prefetch.take(persona);
  adopt(made);
  try {
    await opened;
  } catch (error) {
    if (call !== made) return; // ended meanwhile
    if (!reserved) throw error;
    const again = new Call(gateway, prefetch.iceServers);
    adopt(again);
    made.leave();
    await again.open({ persona });
  }
}

/** Inside the click, so that no browser holds the sound back. */
function prepareSound() {
  view.face.srcObject = new MediaStream();
  context?.close();
  context = new AudioContext();
  play();
  setSpeaker(view.face, preferred("speaker"));
}

function play() {
  view.face.play().then(() => { view.hear.hidden = true; }, (error) => {
    if (error.name === "NotAllowedError") view.hear.hidden = false;
  });
}

/** This is the call from now on; the microphone is asked for while it connects. */
function adopt(made) {
  call = facts.call = made;
  attach(made);
  for (const track of made.tracks) addTrack(track);
  const settled = hearing.track ? hearing.give(made) : takeMicrophone(made);
  made.addEventListener("live", () => onLive(made, settled), { once: true });
  made.begin();
}

function attach(made) {
  const on = (type, handle) => made.addEventListener(type, ({ detail }) => { if (call === made) handle(detail); });
  on("track", addTrack);
  on("wobble", (wobbling) => {
    if (wobbling) view.showNotice(NOTES.wobbling, null, "note");
    else view.hideNotice(NOTES.wobbling);
  });
  on("message", onMessage);
  on("end", onEnd);
}

/** One stream in one element for both tracks: the browser then keeps them in step. */
function addTrack(track) {
  view.face.srcObject?.addTrack(track);
  if (view.face.paused) play();
}

async function takeMicrophone(made) {
  const waiting = setTimeout(() => view.showNotice(NOTES.asking, null, "note"), ASKING_AFTER_MS);
  await hearing.open(made, context, preferred("microphone"));
  clearTimeout(waiting);
  view.hideNotice(NOTES.asking);
  if (!hearing.trouble) view.setMicrophone(true);
  settings.listDevices();
}

/** Says why the microphone is silent, and how to try again without a new call. */
function offerMicrophone(reason) {
  const again = { label: "Try again", run: () => { view.hideNotice(); if (call) takeMicrophone(call); } };
  view.showNotice(microphoneText(reason, true), reason === "insecure" ? null : again);
  view.setMicrophone(false);
  if (facts.phase === "live") view.text.focus({ preventScroll: true });
}

/** It could not be had before. */
function onMicrophone() {
  view.setMicrophone(true);
  view.showNotice(NOTES.heard, null, "note");
  setTimeout(() => view.hideNotice(NOTES.heard), NOTE_MS);
  settings.listDevices();
}

function onLive(made, microphoneSettled) {
  if (call !== made) return;
  facts.note("live");
  setPhase("live");
  let seen = () => {};
  const shown = new Promise((resolve) => { seen = resolve; });
  const stops = [
    startReports({ call: made, video: view.face, context, onFirstFrame: () => {
      facts.note("picture");
      view.showPicture(true).then(seen);
    } }),
    watchQuality(made, onQuality),
    watchSilence(made, (cause) => made.abandon(cause)),
  ];
  stopWatching = () => { for (const stop of stops.splice(0)) stop(); };
  Promise.all([shown, microphoneSettled]).then(() => made.send({ type: "shown" })); // the avatar greets who sees it
}

function onQuality(reading) {
  facts.quality = reading;
  view.setQuality(reading.level);
  settings.setConnection(connectionRows(reading, facts.session, context));
}

function onMessage(message) {
  facts.take(message);
  if (Object.hasOwn(HANDLERS, message.type)) HANDLERS[message.type](message);
}

const HANDLERS = {
  session: ({ persona: shown, disclosure, label }) => {
    view.setDisclosure(disclosure);
    view.setLabel(label);
    captions.name = nameOf(shown?.name || "Avatar")[0];
  },
  manifest: ({ model }) => settings.setModel(model),
  state: ({ state }) => view.setState(state),
  transcript: (message) => captions.setTranscript(message),
  reply: (message) => captions.setReply(message),
  turn: (message) => captions.setTurn(message, reportLatency(facts.quality, context)),
  service: ({ state, message }) => (state === "away" ? view.showNotice(message, null, "note") : view.hideNotice()),
  error: ({ message, fatal }) => fatal || view.showNotice(message),
};

function titleOf(name) {
  return info?.personas?.find((one) => one.name === name)?.title || name || "Avatar";
}

function fail(error) {
  const { code, message, retryAfterS = 0 } = error instanceof ApiError ? error : { code: "refused", message: "" };
  const detail = { code, message, retryAfterS };
  if (call && !call.ended) call.leave(detail);
  else if (facts.phase !== "ended") end(detail);
}

/** What the user did not want is mended; everything else is the end. */
function onEnd(detail) {
  const broke = detail.code === "lost" || (detail.code === "bye" && ["vanished", "shutdown"].includes(detail.message));
  if (!broke || facts.phase !== "live") return end(detail);
  stopWatching();
  captions.settle();
  view.showPicture(false);
  view.setState("idle");
  view.setQuality("unknown");
  setPhase("reconnecting");
  view.showNotice(NOTES[detail.message] ?? NOTES.reconnecting, { label: "Try now", run: () => reconnect.now() });
  reconnect.start();
}

/** One try to go on where the conversation broke off; whether it worked. */
async function comeBack() {
  const resume = call?.session && { session_id: call.session.session_id, token: call.session.token };
  const made = new Call(gateway, prefetch.iceServers);
  const live = new Promise((resolve) => {
    made.addEventListener("live", () => resolve(true), { once: true });
    made.addEventListener("end", () => resolve(false), { once: true });
  });
  made.open({ persona, resume }).catch(() => made.leave());
  made.channel.addEventListener("open", () => made.begin(), { once: true });
  if (!(await live) || facts.phase !== "reconnecting") {
    made.leave();
    return false;
  }
  const unsent = captions.startOver();
  view.face.srcObject = new MediaStream();
  const { resumed } = made.session;
  view.showNotice(resumed ? NOTES.back : NOTES.anew, null, "note");
  setTimeout(() => view.hideNotice(resumed ? NOTES.back : NOTES.anew), NOTE_MS);
  resumeWith(made);
  for (const text of unsent) made.send({ type: "text", text });
  return true;
}

function resumeWith(made) {
  call = facts.call = made;
  attach(made);
  for (const track of made.tracks) addTrack(track);
  onLive(made, hearing.give(made)); // whoever had none before is not asked again
}

/** Every way a conversation can end comes through here. */
function end({ code, message = "", retryAfterS = 0 }) {
  reconnect.stop();
  stopWatching();
  captions.settle();
  view.hideNotice();
  hearing.drop();
  context?.close();
  context = null;
  call = facts.call = null;
  view.face.srcObject = null;
  view.hear.hidden = true;
  view.setMicrophone(true);
  view.showPicture(false);
  view.setState("idle");
  view.setQuality("unknown");
  setPhase("ended");
  view.setWelcome(...farewell(code, message, retryAfterS));
}

function setMuted(muted) {
  hearing.setMuted(muted);
  view.setMuted(muted);
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

function leave() {
  if (facts.phase !== "reconnecting") return call?.leave();
  if (call?.session) gateway.close(call.session); // it is over, but remembered
  end({ code: "ended" });
}

function showLevels() {
  const user = hearing.read();
  const voice = call?.audio.receiver.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
  view.setLevels(user, Math.min(1, voice / LOUD));
  settings.setLevel(user);
}

function reserve() {
  if (info && canCall() && (facts.phase === "ready" || facts.phase === "ended")) prefetch.reserve(persona);
}

view.start.addEventListener("click", start);
for (const sign of ["pointerenter", "pointerdown", "keydown"]) view.start.addEventListener(sign, reserve);
view.start.addEventListener("focus", () => { if (facts.phase === "ready") reserve(); });
view.end.addEventListener("click", leave);
view.mute.addEventListener("click", () => setMuted(!hearing.muted));
view.interrupt.addEventListener("click", () => call?.send({ type: "interrupt" }));
view.hear.addEventListener("click", play);
view.say.addEventListener("submit", say);
document.addEventListener("keydown", (event) => {
  if (event.altKey && event.code === "KeyM" && call) {
    event.preventDefault();
    setMuted(!hearing.muted);
  }
  if (event.key === "Escape" && !view.interrupt.disabled && !settings.dialog.open) call?.send({ type: "interrupt" });
});
window.addEventListener("pagehide", leave);
watchSleep((sleptMs) => { if (sleptMs > LOST_AFTER_SLEEP_MS && facts.phase === "live") call?.abandon(); });
setInterval(showLevels, LEVEL_EVERY_MS);

facts.expose();
loadInfo().catch(() => {}); // Start asks again, and says so when it fails
