using System.Globalization;
using System.Text;
using Skerry.Storage.Buckets;

namespace Skerry.Crash.Buckets;

/// <summary>A process that counts up in a bucket's folder by compare-and-swap, and says each number that it has stored.</summary>
internal static class CountingProcess
{
    public const string Key = "some/counter";

    // Long enough that a write which is cut in the middle would show.
    private const int PaddingBytes = 50_000;

    /// <summary>Runs until it is killed.</summary>
    public static async Task<int> RunAsync(string folder)
    {
        using var bucket = FileBucket.Open(folder);
        await bucket.PutAsync(Key, Content(0), PutCondition.IfAbsent, CancellationToken.None);
        while (true)
        {
            var present = (await bucket.GetAsync(Key, CancellationToken.None))!.Value;
            var next = Number(present.Content.Span) + 1;
            if ((await bucket.PutAsync(Key, Content(next), PutCondition.IfMatch(present.ETag), CancellationToken.None)).Stored)
            {
                await Console.Out.WriteLineAsync(next.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>The number in a content.</summary>
    /// <exception cref="InvalidDataException">The content is not whole.</exception>
    public static int Number(ReadOnlySpan<byte> content)
    {
        var digits = content.IndexOf((byte)' ');
        var number = int.Parse(content[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
        return content.SequenceEqual(Content(number)) ? number : throw new InvalidDataException($"The content of {number} is not whole.");
    }

    private static byte[] Content(int number)
    {
        var content = new byte[PaddingBytes];
        content.AsSpan().Fill((byte)number);
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number} ")).CopyTo(content, 0);
        return content;
    }
}
