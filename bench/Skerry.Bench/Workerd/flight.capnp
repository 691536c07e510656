# workerd with one durable object class whose databases live on the local disk.
# The port and the folder come from the command line: --socket-addr=http=… and --directory-path=disk=…
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .flights),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [ (name = "http", http = (), service = "main") ],
);

const flights :Workerd.Worker = (
  modules = [ (name = "flight.js", esModule = embed "flight.js") ],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [ (className = "Flight", uniqueKey = "flight", enableSql = true) ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [ (name = "FLIGHTS", durableObjectNamespace = "Flight") ],
);
