namespace Integration.Fleet;

/// <summary>Waits for what other processes do.</summary>
internal static class Waiting
{
    /// <summary>Nothing here takes so long on a machine that works.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    /// <summary>Looks until it is so; errors of looking count as no.</summary>
    /// <param name="isSo">Looks.</param>
    /// <param name="what">What is waited for.</param>
    /// <param name="seen">What was seen last, if it never is so.</param>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what, Func<string?>? seen = null)
    {
        using var bound = new CancellationTokenSource(Bound);
        Exception? last = null;
        while (!bound.IsCancellationRequested)
        {
            try
            {
                if (await isSo())
                {
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
}
