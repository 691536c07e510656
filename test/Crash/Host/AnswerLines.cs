namespace Skerry.Crash.Host;

/// <summary>Lines to whoever started this process, whole and in order. Thread-safe.</summary>
public sealed class AnswerLines
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _output = new(Console.OpenStandardOutput()) { AutoFlush = true };

    public void Write(string line)
    {
        lock (_lock)
        {
            _output.WriteLine(line);
        }
    }
}
