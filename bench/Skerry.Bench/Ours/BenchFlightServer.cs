using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skerry.Objects;

namespace Skerry.Bench.Ours;

/// <summary>Serves <see cref="BenchFlight"/> with the addresses and answers of <c>Workerd/flight.js</c>, as an ASP.NET Core application does it.</summary>
internal static partial class BenchFlightServer
{
    /// <summary>Serves until cancelled.</summary>
    public static async Task Serve(int port, string folder, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.AddSkerry(options => options.DataFolder = folder).AddDurableObject<IBenchFlight, BenchFlight>("flights");
        await using var app = builder.Build();
        var flights = app.Services.GetRequiredService<DurableObjectNamespace<IBenchFlight>>();
        app.MapGet("/flights/{name}/seats", (RequestDelegate)(async http =>
            await Answer(http, 200, await flights.GetByName(Name(http)).Available(), Json.Default.ListString)));
        app.MapPost("/flights/{name}/seats/{seat}", (RequestDelegate)(async http =>
        {
            var booking = await JsonSerializer.DeserializeAsync(http.Request.Body, Json.Default.Booking, http.RequestAborted);
            var seat = (string)http.Request.RouteValues["seat"]!;
            await (await flights.GetByName(Name(http)).Assign(seat, booking!.Passenger)
                ? Answer(http, 200, new Assigned(seat, booking.Passenger), Json.Default.Assigned)
                : Answer(http, 409, new Refused("taken"), Json.Default.Refused));
        }));
        app.MapPost("/flights/{name}", (RequestDelegate)(async http =>
        {
            var body = await JsonSerializer.DeserializeAsync(http.Request.Body, Json.Default.NewFlight, http.RequestAborted);
            await flights.GetByName(Name(http)).Initialize(body!.Seats);
            await Answer(http, 200, body, Json.Default.NewFlight);
        }));
        await app.RunAsync(cancel);
    }

    private static string Name(HttpContext http) => (string)http.Request.RouteValues["name"]!;

    private static Task Answer<T>(HttpContext http, int status, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(value, type, cancellationToken: http.RequestAborted);
    }

    internal sealed record NewFlight(int Seats);

    internal sealed record Booking(string Passenger);

    internal sealed record Assigned(string Seat, string Passenger);

    internal sealed record Refused(string Error);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(List<string>))]
    [JsonSerializable(typeof(NewFlight))]
    [JsonSerializable(typeof(Booking))]
    [JsonSerializable(typeof(Assigned))]
    [JsonSerializable(typeof(Refused))]
    private sealed partial class Json : JsonSerializerContext;
}
