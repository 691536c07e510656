namespace Skerry.Server;

/// <summary>Files that are built into the executable.</summary>
internal static class EmbeddedFile
{
    /// <summary>The whole content of the file with the given name.</summary>
    public static byte[] Read(string name)
    {
        using var stream = typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded in this build.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
