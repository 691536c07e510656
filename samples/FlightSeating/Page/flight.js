"use strict";

const base = location.pathname.replace(/\/+$/, "");
const at = id => document.getElementById(id);
const flight = decodeURIComponent(base.split("/").pop());

/** The flight as last heard of: seat number → { number, passenger, row, letter, button }. */
const seats = new Map();
/** Seats booked in this window, so that they can be shown apart. */
const mine = new Set();

at("flight").textContent = flight;
document.title = `${flight} · seat map`;

// ---- The map -------------------------------------------------------------------------------------------------

function draw(list) {
  const letters = [...new Set(list.map(seat => seat.number.replace(/\d+/, "")))].sort();
  // One empty line in the middle is the aisle.
  const aisle = Math.ceil(letters.length / 2);
  const place = letter => letters.indexOf(letter) + (letters.indexOf(letter) >= aisle ? 2 : 1);
  const put = (element, row, spot) => {
    element.style.setProperty("--row", row);
    element.style.setProperty("--place", spot);
    return element;
  };
  const label = (text, row, spot) => {
    const element = document.createElement("span");
    element.className = "label";
    element.textContent = text;
    element.setAttribute("aria-hidden", "true");
    return put(element, row, spot);
  };

  seats.clear();
  const parts = letters.map(letter => label(letter, 0, place(letter)));
  for (const { number, passenger } of list) {
    const row = parseInt(number, 10), letter = number.replace(/\d+/, "");
    if (letter === letters[0]) parts.push(label(row, row, aisle + 1));
    const button = put(document.createElement("button"), row, place(letter));
    button.type = "button";
    button.className = "seat";
    button.dataset.seat = number;
    button.tabIndex = seats.size === 0 ? 0 : -1;
    seats.set(number, { number, passenger, row, letter, button });
    parts.push(button);
  }

  at("cabin").replaceChildren(...parts);
  seats.forEach(show);
}

function show(seat) {
  const { button, number, passenger } = seat;
  button.dataset.state = passenger === null ? "free" : "taken";
  button.textContent = passenger === null ? number : initials(passenger);
  button.setAttribute("aria-label", passenger === null ? `Seat ${number}, free` : `Seat ${number}, ${passenger}`);
  button.title = passenger === null ? number : `${number}: ${passenger}`;
  button.toggleAttribute("data-mine", passenger !== null && mine.has(number));
}

function initials(name) {
  return name.split(/\s+/).map(word => [...word][0]).slice(0, 2).join("").toUpperCase();
}

function summarise() {
  const taken = [...seats.values()].filter(seat => seat.passenger !== null);
  at("free").textContent = seats.size - taken.length;
  at("taken").textContent = taken.length;
  at("nobody").hidden = taken.length > 0;
  at("passengers").replaceChildren(...taken.map(seat => {
    const item = document.createElement("li");
    item.appendChild(document.createElement("b")).textContent = seat.number;
    item.append(seat.passenger);
    return item;
  }));
}

function showMap(list) {
  const same = list.length === seats.size && list.every(seat => seats.has(seat.number));
  if (!same) {
    draw(list);
  } else {
    for (const { number, passenger } of list) {
      const seat = seats.get(number);
      if (seat.passenger === passenger) continue;
      seat.passenger = passenger;
      if (passenger === null) mine.delete(number);
      show(seat);
    }
  }
  summarise();
}

function showBooked({ number, passenger }) {
  const seat = seats.get(number);
  if (!seat) return;
  seat.passenger = passenger;
  show(seat);
  seat.button.classList.remove("fresh");
  // Reading a measure between the two makes the browser start the animation again.
  void seat.button.offsetWidth;
  seat.button.classList.add("fresh");
  summarise();
}

// ---- Booking and undo ----------------------------------------------------------------------------------------

function say(text, kind = "done") {
  const message = at("message");
  message.dataset.kind = kind;
  message.textContent = text;
}

/** Posts and answers the JSON, or null after saying what was refused. */
async function post(path, body) {
  try {
    const response = await fetch(base + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    say(answer.errors[0].message, "refused");
  } catch {
    say("The node did not answer. Nothing is known to have changed; the map shows what is confirmed.", "refused");
  }
  return null;
}

async function book(seat) {
  if (seat.passenger !== null) {
    say(`Seat ${seat.number} is taken by ${seat.passenger}.`, "refused");
    return;
  }
  const passenger = at("passenger").value.trim();
  if (!passenger) {
    say("Who is going to sit there? Type the passenger's name first.", "refused");
    at("passenger").focus();
    return;
  }
  const answer = await post(`/seats/${seat.number}`, { passenger });
  if (!answer) return;
  mine.add(answer.seat);
  showBooked({ number: answer.seat, passenger: answer.passenger });
  say(`${answer.passenger} has seat ${answer.seat}.`);
  // Somebody quick may have typed the next name already.
  if (at("passenger").value.trim() === passenger) at("passenger").value = "";
}

at("booking").addEventListener("submit", event => event.preventDefault());

at("cabin").addEventListener("click", event => {
  const button = event.target.closest(".seat");
  if (!button) return;
  rove(button);
  book(seats.get(button.dataset.seat));
});

at("undo").addEventListener("click", () => {
  at("confirm").returnValue = "";
  at("confirm").showModal();
});

at("confirm").addEventListener("close", async () => {
  if (at("confirm").returnValue !== "yes") return;
  const answer = await post("/undo");
  if (answer) say(`The flight is what it was at ${new Date(answer.back_to).toLocaleTimeString()}.`);
});

// ---- Keyboard: one tab stop for the whole map, arrows inside it ------------------------------------------------

function rove(button) {
  for (const { button: other } of seats.values()) other.tabIndex = other === button ? 0 : -1;
}

at("cabin").addEventListener("keydown", event => {
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const seat = seats.get(event.target.dataset?.seat);
  if (!arrow || !seat) return;
  event.preventDefault();
  // Rows run across on a wide screen and down on a narrow one.
  const across = matchMedia("(min-width: 1181px)").matches;
  const letters = [...new Set([...seats.values()].map(one => one.letter))].sort();
  const row = seat.row + (across ? arrow[0] : arrow[1]);
  const letter = letters[letters.indexOf(seat.letter) + (across ? arrow[1] : arrow[0])];
  const next = seats.get(`${row}${letter}`);
  if (next) {
    rove(next.button);
    next.button.focus();
  }
});

// ---- The live connection ---------------------------------------------------------------------------------------

const pingEvery = 20000, pongWithin = 8000, retryFirst = 300, retryMax = 8000;
let socket = null, retryAfter = retryFirst, retryTimer = 0, pingTimer = 0, pongTimer = 0;

function connection(state, text) {
  at("connection").dataset.state = state;
  at("connection").textContent = text;
  document.body.classList.toggle("stale", state !== "live");
}

function connect() {
  clearTimeout(retryTimer);
  socket?.close();
  const own = socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${base}/live`);

  own.addEventListener("message", event => {
    if (own !== socket) return;
    if (event.data === "pong") {
      clearTimeout(pongTimer);
      return;
    }
    const message = JSON.parse(event.data);
    if (message.type === "map") {
      // The map comes first on every connection, so nothing missed meanwhile stays missed.
      retryAfter = retryFirst;
      connection("live", "Live");
      showMap(message.seats);
    } else if (message.type === "booked") {
      showBooked(message.seat);
    }
  });

  own.addEventListener("open", () => {
    clearInterval(pingTimer);
    pingTimer = setInterval(() => {
      if (own.readyState !== WebSocket.OPEN) return;
      own.send("ping");
      clearTimeout(pongTimer);
      pongTimer = setTimeout(() => own === socket && lost(), pongWithin);
    }, pingEvery);
  });

  own.addEventListener("close", () => own === socket && lost());
}

function lost() {
  clearInterval(pingTimer);
  clearTimeout(pongTimer);
  const dead = socket;
  socket = null;
  dead?.close();
  connection("lost", "Reconnecting…");
  // Spread out, so that a node that comes back is not met by every window at once.
  retryTimer = setTimeout(connect, retryAfter * (0.5 + Math.random()));
  retryAfter = Math.min(retryMax, retryAfter * 2);
}

addEventListener("online", () => socket || connect());
document.addEventListener("visibilitychange", () => document.hidden || socket || connect());
connect();
