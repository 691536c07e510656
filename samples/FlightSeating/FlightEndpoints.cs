using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Skerry.Objects;

namespace FlightSeating;

/// <summary>The sample's HTTP: a page for people and JSON for programs, for every flight.</summary>
public static class FlightEndpoints
{
    private static readonly TimeSpan UndoSpan = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Maps <c>/flights/{flight}</c> (page), <c>…/live</c> (WebSocket), <c>…/seats</c> (free seats), <c>…/map</c>
    /// (all seats), POST <c>…/seats/{seat}</c> (book) and POST <c>…/undo</c>.
    /// </summary>
    public static IEndpointRouteBuilder MapFlights(this IEndpointRouteBuilder app)
    {
        var flights = app.ServiceProvider.GetRequiredService<DurableObjectNamespace<IFlight>>();
        var group = app.MapGroup("/flights/{flight}");
        group.MapGet("", FlightPage.Answer);
        group.MapGet("/live", http => WithFlight(http, flights, Live));
        group.MapGet("/seats", http => WithFlight(http, flights, GetAvailable));
        group.MapGet("/map", http => WithFlight(http, flights, GetMap));
        group.MapPost("/seats/{seat}", http => WithFlight(http, flights, AssignSeat));
        group.MapPost("/undo", http => WithFlight(http, flights, Undo));
        return app;
    }

    private static Task WithFlight(HttpContext http, DurableObjectNamespace<IFlight> flights, Func<HttpContext, IFlight, Task> handle)
    {
        var name = (string)http.Request.RouteValues["flight"]!;
        return FlightName.IsValid(name) ? handle(http, flights.GetByName(name)) : FlightError.Name.Write(http);
    }

    private static Task Live(HttpContext http, IFlight flight) =>
        !http.WebSockets.IsWebSocketRequest ? FlightError.NoWebSocket.Write(http)
        : ForeignSite.Sent(http.Request) ? FlightError.ForeignSite.Write(http)
        : flight.Fetch(http);

    private static async Task GetAvailable(HttpContext http, IFlight flight) =>
        WriteSeats(http, await flight.GetAvailable(), withPassengers: false);

    private static async Task GetMap(HttpContext http, IFlight flight) =>
        WriteSeats(http, await flight.GetSeats(), withPassengers: true);

    private static async Task AssignSeat(HttpContext http, IFlight flight)
    {
        if (ForeignSite.Sent(http.Request))
        {
            await FlightError.ForeignSite.Write(http);
            return;
        }

        var (passenger, error) = await BookingBody.ReadPassenger(http);
        if (error is not null)
        {
            await error.Write(http);
            return;
        }

        // Rows and letters have one spelling in the map; people write either case.
        var number = ((string)http.Request.RouteValues["seat"]!).ToUpperInvariant();
        var (outcome, seat) = await flight.AssignSeat(number, passenger!);
        if (outcome == AssignOutcome.Assigned)
        {
            WriteSeat(http, seat!);
            return;
        }

        await FlightError.Refused(outcome, number, passenger!, seat).Write(http);
    }

    private static async Task Undo(HttpContext http, IFlight flight)
    {
        if (ForeignSite.Sent(http.Request))
        {
            await FlightError.ForeignSite.Write(http);
            return;
        }

        var time = http.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System;
        var backTo = time.GetUtcNow() - UndoSpan;
        try
        {
            await flight.Undo(backTo);
        }
        catch (DurableObjectException e) when (e.Code == "aborted")
        {
            // What was asked for: the flight starts again from the earlier state.
        }

        await flight.Announce();
        using var json = Start(http);
        json.WriteStartObject();
        json.WriteString("back_to"u8, backTo);
        json.WriteEndObject();
    }

    // Written by hand straight into the response's buffer: these two answers are the ones that are asked for most.
    private static void WriteSeats(HttpContext http, IReadOnlyList<Seat> seats, bool withPassengers)
    {
        using var json = Start(http);
        json.WriteStartObject();
        json.WriteNumber("count"u8, seats.Count);
        json.WriteStartArray("seats"u8);
        for (var i = 0; i < seats.Count; i++)
        {
            if (withPassengers)
            {
                json.WriteStartObject();
                json.WriteString("number"u8, seats[i].Number);
                json.WriteString("passenger"u8, seats[i].Passenger);
                json.WriteEndObject();
            }
            else
            {
                json.WriteStringValue(seats[i].Number);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSeat(HttpContext http, Seat seat)
    {
        using var json = Start(http);
        json.WriteStartObject();
        json.WriteString("seat"u8, seat.Number);
        json.WriteString("passenger"u8, seat.Passenger);
        json.WriteEndObject();
    }

    private static Utf8JsonWriter Start(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        return new Utf8JsonWriter(http.Response.BodyWriter, FlightError.Readable);
    }
}
