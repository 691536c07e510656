using System.Diagnostics;

namespace Integration.Fleet;

/// <summary>Waits for what other processes do.</summary>
internal static class Waiting
{
    /// <summary>Nothing here takes so long on a machine that works.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan s_noted = TimeSpan.FromSeconds(1);

    /// <summary>Looks until it is so; errors of looking count as no.</summary>
    /// <param name="isSo">Looks.</param>
    /// <param name="what">What is waited for.</param>
    /// <param name="seen">What was seen last, if it never is so.</param>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what, Func<string?>? seen = null)
    {
        using var bound = new CancellationTokenSource(Bound);
        var clock = Stopwatch.StartNew();
        Exception? last = null;
        while (!bound.IsCancellationRequested)
        {
            try
            {
                if (await isSo())
                {
                    Note(what, clock.Elapsed);
                    return;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or System.Text.Json.JsonException)
            {
                last = e;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"Not within {Bound}: {what}. {last?.Message} {seen?.Invoke()}");
    }

    // What a test's time goes to.
    private static void Note(string what, TimeSpan elapsed)
    {
        if (elapsed > s_noted)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{elapsed.TotalSeconds:0.0} s: {what}");
        }
    }
}
