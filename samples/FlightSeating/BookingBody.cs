using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FlightSeating;

/// <summary>Reads the body of a booking: <c>{ "passenger": "Ada" }</c>. The content type is not looked at, so that a bare <c>curl -d</c> works.</summary>
internal static class BookingBody
{
    private const int BytesMax = 4096;
    private const int NameLengthMax = 80;

    /// <summary>The passenger's name, trimmed, or what is wrong with the body.</summary>
    public static async ValueTask<(string? Passenger, FlightError? Error)> ReadPassenger(HttpContext http)
    {
        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            if (read.Buffer.Length > BytesMax)
            {
                reader.AdvanceTo(read.Buffer.End);
                return (null, FlightError.TooLarge(BytesMax));
            }

            if (read.IsCompleted)
            {
                var result = Parse(read.Buffer);
                reader.AdvanceTo(read.Buffer.End);
                return result;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static (string?, FlightError?) Parse(in ReadOnlySequence<byte> body)
    {
        string? passenger = null;
        try
        {
            var json = new Utf8JsonReader(body);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return (null, FlightError.Malformed("the body is not a JSON object"));
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isPassenger = json.ValueTextEquals("passenger"u8);
                json.Read();
                if (!isPassenger)
                {
                    json.Skip();
                    continue;
                }

                if (json.TokenType != JsonTokenType.String)
                {
                    return (null, FlightError.Passenger($"is {json.TokenType}, not a string"));
                }

                passenger = json.GetString()!.Trim();
            }

            // Reads on to the end, so that anything after the object is found.
            while (json.Read())
            {
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, FlightError.Malformed("the body is not valid JSON"));
        }

        return passenger switch
        {
            null => (null, FlightError.Passenger("is missing")),
            { Length: 0 } => (null, FlightError.Passenger("is empty")),
            { Length: > NameLengthMax } => (null, FlightError.Passenger("is too long")),
            _ => (passenger, null),
        };
    }
}
