namespace Skerry.Storage.Tests.Ltx;

/// <summary>A stream that answers every read with one to seven bytes, as a network may.</summary>
internal sealed class DribblingStream(byte[] bytes) : MemoryStream(bytes)
{
    public override int Read(byte[] buffer, int offset, int count) =>
        base.Read(buffer, offset, Math.Min(count, 1 + (int)(Position % 7)));
}
