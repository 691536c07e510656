// The flight of the benchmark, as one would write it for workerd: the same tables, the same queries and the
// same HTTP shapes as Flights/BenchFlight.cs.
import { DurableObject } from "cloudflare:workers";

export class Flight extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS seats (seat TEXT PRIMARY KEY, passenger TEXT);
      CREATE INDEX IF NOT EXISTS seats_by_passenger ON seats (passenger);`);
  }

  initialize(count) {
    this.ctx.storage.transactionSync(() => {
      for (let i = 0; i < count; i++) {
        this.sql.exec("INSERT OR IGNORE INTO seats (seat, passenger) VALUES (?, NULL)", `s${i}`);
      }
    });
  }

  available() {
    const seats = [];
    for (const row of this.sql.exec("SELECT seat FROM seats WHERE passenger IS NULL")) {
      seats.push(row.seat);
    }
    return seats;
  }

  // A passenger who has a seat already gives it up.
  assign(seat, passenger) {
    const found = this.sql.exec("SELECT passenger FROM seats WHERE seat = ?", seat).toArray();
    if (found.length === 0 || found[0].passenger !== null) {
      return false;
    }
    this.sql.exec("UPDATE seats SET passenger = NULL WHERE passenger = ?", passenger);
    this.sql.exec("UPDATE seats SET passenger = ? WHERE seat = ?", passenger, seat);
    return true;
  }

  async fetch(request) {
    const parts = new URL(request.url).pathname.split("/");
    if (request.method === "GET") {
      return Response.json(this.available());
    }
    const body = await request.json();
    if (parts.length === 3) {
      this.initialize(body.seats);
      return Response.json({ seats: body.seats });
    }
    const seat = parts[4];
    return this.assign(seat, body.passenger)
      ? Response.json({ seat, passenger: body.passenger })
      : Response.json({ error: "taken" }, { status: 409 });
  }
}

// POST /flights/{name} {"seats":n} · GET /flights/{name}/seats · POST /flights/{name}/seats/{seat} {"passenger":p}
export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname.split("/")[2];
    return env.FLIGHTS.get(env.FLIGHTS.idFromName(name)).fetch(request);
  },
};
