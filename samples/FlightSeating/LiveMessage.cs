using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlightSeating;

/// <summary>What a flight sends to the open pages, as JSON text.</summary>
internal static class LiveMessage
{
    /// <summary>The whole map: <c>{"type":"map","seats":[…]}</c>.</summary>
    public static string Map(IReadOnlyList<Seat> seats) =>
        JsonSerializer.Serialize(new MapMessage("map", seats), FlightJson.Default.MapMessage);

    /// <summary>One seat that somebody took: <c>{"type":"booked","seat":{…}}</c>.</summary>
    public static string Booked(Seat seat) =>
        JsonSerializer.Serialize(new BookedMessage("booked", seat), FlightJson.Default.BookedMessage);

    internal sealed record MapMessage(string Type, IReadOnlyList<Seat> Seats);

    internal sealed record BookedMessage(string Type, Seat Seat);
}

/// <summary>The sample's serializers, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LiveMessage.MapMessage))]
[JsonSerializable(typeof(LiveMessage.BookedMessage))]
internal sealed partial class FlightJson : JsonSerializerContext;
