-- The same read over and over. Arguments after --: flight.
local prepared

function init(args)
   prepared = wrk.format("GET", "/flights/" .. args[1] .. "/seats")
end

function request()
   return prepared
end

function done(summary, latency, requests)
   io.write(string.format('result {"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
      summary.requests, summary.duration, summary.errors.status,
      summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
