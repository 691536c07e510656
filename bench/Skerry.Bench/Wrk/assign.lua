-- Every request is a confirmed write: passenger i moves to and fro between the seats s(2i) and s(2i+1), which
-- nobody else uses. With far more passengers than connections no passenger has two requests under way, so that
-- no request is refused. Arguments after --: flight, passengers.
local prepared, passengers, count = {}, 0, 0

function init(args)
   local flight = args[1]
   passengers = tonumber(args[2])
   for round = 0, 1 do
      for i = 0, passengers - 1 do
         local path = "/flights/" .. flight .. "/seats/s" .. (2 * i + round)
         prepared[#prepared + 1] = wrk.format("POST", path, { ["Content-Type"] = "application/json" },
            '{"passenger":"p' .. i .. '"}')
      end
   end
end

function request()
   count = count % #prepared + 1
   return prepared[count]
end

function done(summary, latency, requests)
   io.write(string.format('result {"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
      summary.requests, summary.duration, summary.errors.status,
      summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
