using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Storage;

namespace Skerry.Objects.History;

/// <summary>The calls that every object answers without its code; <see cref="ObjectHistory"/> makes them.</summary>
internal static class OperatorMethods
{
    /// <summary>States of the past, newest first.</summary>
    public static readonly OperatorMethod<VersionsQuery, OperatorAnswer<ObjectVersions>> Versions = new("$versions", static (active, query) =>
        AnswerAsync(() => active.Database.VersionsAsync(query.Before, query.Limit)));

    /// <summary>Asks for a restore at the next start. The answer is the bookmark that undoes it.</summary>
    public static readonly OperatorMethod<PointInTime, OperatorAnswer<PlannedRestore>> Restore = new("$restore", static (active, point) =>
        AnswerAsync(async () =>
        {
            // The state before everything is an empty object: nobody means that who mistypes a year.
            var bookmark = point.Bookmark ?? await active.Database.LocateAsync(point);
            return new PlannedRestore(bookmark, (await active.Database.RestoreOnNextStart(bookmark)).ToString());
        }));

    /// <summary>Finds the bookmark of a point that can be exported; that of the present if nothing is said.</summary>
    public static readonly OperatorMethod<PointInTime, OperatorAnswer<LocatedPoint>> Locate = new("$locate", static (active, point) =>
        AnswerAsync(async () => new LocatedPoint(await active.Database.LocateAsync(point))));

    /// <summary>Ends the stay in memory. It does not return: the caller hears that it was aborted.</summary>
    public static readonly OperatorMethod<string, bool> Restart = new("$restart", static (active, reason) => throw active.Abort(reason));

    /// <summary>The bookmark of the present.</summary>
    public static readonly OperatorMethod<bool, string> Current = new("$current", static (active, _) =>
        Task.FromResult(active.Database.CurrentBookmark().ToString()));

    /// <summary>The bookmark of the present, after a restore; fails if the restore has.</summary>
    public static readonly OperatorMethod<bool, string> Restored = new("$restored", static (active, _) => active.Database.FailedRestore is { } why
        ? throw new DurableObjectException("storage_failed", $"{active.Id} keeps its newest state, for the earlier one cannot be had: {why}")
        : Task.FromResult(active.Database.CurrentBookmark().ToString()));

    /// <summary>Compares every checksum of what is kept.</summary>
    public static readonly OperatorMethod<bool, HistoryProof> Prove = new("$prove", static (active, _) => active.Database.ProveAsync());

    private static readonly Dictionary<string, ObjectMethod> s_all = new(StringComparer.Ordinal)
    {
        [Versions.Name] = Versions,
        [Restore.Name] = Restore,
        [Locate.Name] = Locate,
        [Restart.Name] = Restart,
        [Current.Name] = Current,
        [Restored.Name] = Restored,
        [Prove.Name] = Prove,
    };

    /// <summary>Finds one by its name.</summary>
    public static ObjectMethod? Find(string name) => s_all.GetValueOrDefault(name);

    // What the operator did wrong travels as an answer: of an exception, another node would keep only part.
    private static async Task<OperatorAnswer<T>> AnswerAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return new(await ask(), null);
        }
        catch (Exception e) when (e is ArgumentException or PastNotRetainedException)
        {
            return new(null, e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message);
        }
    }
}

/// <summary>Which states are wanted.</summary>
/// <param name="Before">A bookmark; null for all.</param>
/// <param name="Limit">At most so many.</param>
internal sealed record VersionsQuery(string? Before, int Limit);

/// <summary>A point in time that can be exported.</summary>
internal sealed record LocatedPoint(string Bookmark);

/// <summary>A restore that takes place at the next start.</summary>
/// <param name="To">The bookmark that becomes the present.</param>
/// <param name="Undo">The bookmark that undoes it.</param>
internal sealed record PlannedRestore(string To, string Undo);

/// <summary>What was asked for, or why it cannot be had.</summary>
internal sealed record OperatorAnswer<T>(T? Value, string? Refusal)
    where T : class
{
    /// <summary>The value.</summary>
    /// <exception cref="ObjectHistoryException">There is none.</exception>
    public T Take() => Value ?? throw new ObjectHistoryException(Refusal!);
}
