using Integration.Fleet;

namespace Integration.Disks;

/// <summary>What a node stores of others' logs, as bytes on its disk.</summary>
internal sealed class StoredLog(SkerryNode node)
{
    private string _file = "";
    private long _from;

    /// <summary>What is stored from now on can be damaged.</summary>
    public void Mark() => (_file, _from) = End();

    /// <summary>Turns some bits of everything that has come since the mark, or turns them back.</summary>
    public void Flip()
    {
        var (file, end) = End();
        Assert.True(file == _file && end > _from, $"{node.Name} has stored nothing since the mark");
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        for (var at = _from + 50; at < end; at += 100)
        {
            Assert.Equal(1, RandomAccess.Read(handle, one, at));
            one[0] ^= 0x10;
            RandomAccess.Write(handle, one, at);
        }
    }

    // Files are filled with zeros ahead.
    private (string File, long End) End()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(node.Data, "followed"), "*.log", SearchOption.AllDirectories).OrderDescending(StringComparer.Ordinal))
        {
            var last = File.ReadAllBytes(file).AsSpan().LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
            {
                return (file, last + 1);
            }
        }

        return ("", 0);
    }
}
