using System.Text;
using System.Text.Json;

namespace Skerry.Objects;

/// <summary>Values as they are stored: a tag, then the bytes as they are, UTF-8, or JSON.</summary>
internal static class KvCodec
{
    private const byte Json = 0;
    private const byte Bytes = 1;
    private const byte Text = 2;

    public static byte[] Encode<T>(T value) => value switch
    {
        null => throw new ArgumentNullException(nameof(value), "A value cannot be null. Delete the key instead."),
        byte[] bytes => [Bytes, .. bytes],
        ReadOnlyMemory<byte> bytes => [Bytes, .. bytes.Span],
        string text => [Text, .. Encoding.UTF8.GetBytes(text)],
        _ => [Json, .. JsonSerializer.SerializeToUtf8Bytes(value)],
    };

    /// <exception cref="InvalidOperationException">The value is of another kind.</exception>
    public static T Decode<T>(string key, ReadOnlySpan<byte> stored)
    {
        var content = stored[1..];
        try
        {
            return stored[0] switch
            {
                Bytes when typeof(T) == typeof(byte[]) || typeof(T) == typeof(object) => (T)(object)content.ToArray(),
                Bytes when typeof(T) == typeof(ReadOnlyMemory<byte>) => (T)(object)new ReadOnlyMemory<byte>(content.ToArray()),
                Text when typeof(T) == typeof(string) || typeof(T) == typeof(object) => (T)(object)Encoding.UTF8.GetString(content),
                Json => JsonSerializer.Deserialize<T>(content)!,
                var kind => throw new InvalidOperationException(
                    $"The value of '{key}' is {(kind == Bytes ? "bytes" : "a string")}, not {typeof(T).Name}."),
            };
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"The value of '{key}' cannot be read as {typeof(T).Name}: {e.Message}", e);
        }
    }
}
