using System.Collections.Concurrent;
using System.Text;

namespace Skerry.Storage.Log;

/// <summary>
/// One string for each namespace's name, so that reading a million records does not make a million strings. Only names
/// of verified records get here, and a node has few namespaces. Thread-safe.
/// </summary>
internal static class NamespaceNames
{
    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    public static string Get(ReadOnlySpan<byte> utf8)
    {
        Span<char> chars = stackalloc char[RecordHeader.NameBytesMax];
        var name = chars[..Encoding.UTF8.GetChars(utf8, chars)];
        if (Known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var known))
        {
            return known;
        }

        var text = name.ToString();
        return Known.GetOrAdd(text, text);
    }
}
