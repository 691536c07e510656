using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FlightSeating;

/// <summary>An error as the client sees it: <c>{ "errors": [{ "code", "message", "field"? }] }</c>.</summary>
internal sealed record FlightError(int Status, string Code, string Message, string? Field = null)
{
    public static FlightError Name { get; } = new(
        StatusCodes.Status400BadRequest, "bad_flight_name", "A flight's name is 1 to 16 letters, digits and hyphens, such as LX14.", "flight");

    public static FlightError NoWebSocket { get; } = new(
        StatusCodes.Status426UpgradeRequired, "websocket_expected", "This path takes WebSocket connections only; …/map answers with the same seats.");

    public static FlightError ForeignSite { get; } = new(
        StatusCodes.Status403Forbidden, "foreign_site", "The request was sent by another site's page; flights take requests of browsers from their own pages only.");

    public static FlightError Malformed(string what) => new(
        StatusCodes.Status400BadRequest, "malformed_json", $"""{char.ToUpperInvariant(what[0])}{what[1..]}; accepted is an object such as {Example}.""", "passenger");

    public static FlightError Passenger(string what) => new(
        StatusCodes.Status400BadRequest, "bad_passenger", $"\"passenger\" {what}; accepted is a name of 1 to 80 characters, as in {Example}.", "passenger");

    public static FlightError TooLarge(int bytesMax) => new(
        StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body has more than {bytesMax} bytes; accepted is an object such as {Example}.");

    public static FlightError Refused(AssignOutcome outcome, string number, string passenger, Seat? seat) => outcome switch
    {
        AssignOutcome.NoSuchSeat => new(StatusCodes.Status404NotFound, "no_such_seat", $"This flight has no seat {number}.", "seat"),
        AssignOutcome.SeatTaken => new(StatusCodes.Status409Conflict, "seat_taken", $"Seat {number} is taken by {seat!.Passenger}.", "seat"),
        AssignOutcome.PassengerHasSeat => new(
            StatusCodes.Status409Conflict, "passenger_has_seat", $"{passenger} has seat {seat!.Number} already; one seat a passenger.", "passenger"),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "is no refusal"),
    };

    // The answers are JSON and never part of a page, so quotes and names in any script stay as people write them.
    internal static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Example = """{"passenger":"Ada"}""";

    /// <summary>Answers the request with this error.</summary>
    public Task Write(HttpContext http)
    {
        http.Response.StatusCode = Status;
        http.Response.ContentType = "application/json; charset=utf-8";
        using var json = new Utf8JsonWriter(http.Response.BodyWriter, Readable);
        json.WriteStartObject();
        json.WriteStartArray("errors"u8);
        json.WriteStartObject();
        json.WriteString("code"u8, Code);
        json.WriteString("message"u8, Message);
        if (Field is not null)
        {
            json.WriteString("field"u8, Field);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        return Task.CompletedTask;
    }
}
