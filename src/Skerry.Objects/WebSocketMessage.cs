using System.Text;

namespace Skerry.Objects;

/// <summary>One whole message from a WebSocket.</summary>
/// <param name="Data">The bytes; UTF-8 if <paramref name="IsText"/>.</param>
/// <param name="IsText">True for a text message, false for a binary one.</param>
public readonly record struct WebSocketMessage(ReadOnlyMemory<byte> Data, bool IsText)
{
    /// <summary>The message as text.</summary>
    public string Text => Encoding.UTF8.GetString(Data.Span);
}
