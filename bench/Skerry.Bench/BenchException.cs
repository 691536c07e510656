namespace Skerry.Bench;

/// <summary>A figure cannot be taken here: a tool is missing, a peer does not start, an answer is wrong.</summary>
internal sealed class BenchException : Exception
{
    /// <summary>Says what failed and what to do.</summary>
    public BenchException(string message)
        : base(message)
    {
    }
}
