using Microsoft.AspNetCore.Http;
using Skerry.Objects.Activation;
using Skerry.Objects.Calls;
using Skerry.Objects.History;
using Skerry.Objects.Http;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>
/// Objects' pasts, for operators: lists, restores, exports and checks them, wherever the objects are. Each call brings
/// the object into memory, if it has ever written: looking at an object must not make it. Thread-safe.
/// </summary>
public sealed class ObjectHistory
{
    private readonly ObjectRuntime _runtime;

    internal ObjectHistory(ObjectRuntime runtime) => _runtime = runtime;

    /// <summary>The object with an id or a name.</summary>
    /// <param name="namespace">A registered namespace.</param>
    /// <param name="id">64 hexadecimal digits; null for a name.</param>
    /// <param name="name">The name; null for an id.</param>
    /// <exception cref="ArgumentException">The id is not one of this namespace, or the name is not valid.</exception>
    public DurableObjectId Find(string @namespace, string? id, string? name) =>
        !_runtime.TryGetClass(@namespace, out var @class) ? throw new ArgumentException($"There is no namespace '{@namespace}'.", nameof(@namespace))
        : id is not null ? @class.Ids.Parse(id)
        : @class.Ids.FromName(name!);

    /// <summary>States that can be restored, newest first.</summary>
    /// <param name="id">The object.</param>
    /// <param name="before">Only states before this bookmark; null for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <exception cref="ObjectHistoryException">It is not a bookmark of this object.</exception>
    public async Task<ObjectVersions> ListAsync(DurableObjectId id, string? before, int limit) =>
        await ExistsAsync(id).ConfigureAwait(false)
            ? (await OperatorMethods.Versions.CallAsync(To(id), new(before, limit)).ConfigureAwait(false)).Take()
            : new(new Bookmark(0, id.Value).ToString(), [], null);

    /// <summary>
    /// Makes a state of the past the present: calls under way fail, and the object starts anew from it. That is a
    /// transaction of its own, and can be undone. Its steps:
    /// <list type="number">
    /// <item>Find out what is restored, and what undoes that, so that repeating the rest means the same.</item>
    /// <item>Plan it for the object's next start.</item>
    /// <item>Start the object anew, and ask for its present.</item>
    /// </list>
    /// The last two are repeated for half a minute while the object cannot be had.
    /// </summary>
    /// <exception cref="ObjectHistoryException">It is not a bookmark of this object, lies in its future, or is not retained.</exception>
    /// <exception cref="DurableObjectException">
    /// What is kept of that state is damaged, and the object keeps its newest. Or the object cannot be had: if the restore may
    /// take place all the same, the message says so.
    /// </exception>
    public async Task<ObjectRestored> RestoreAsync(DurableObjectId id, PointInTime point)
    {
        await CheckExistsAsync(id).ConfigureAwait(false);

        // 1.
        var before = await OperatorMethods.Current.CallAsync(To(id), true).ConfigureAwait(false);
        var target = point.Bookmark ?? (await OperatorMethods.Locate.CallAsync(To(id), point).ConfigureAwait(false)).Take().Bookmark;
        try
        {
            // 2.
            var (planned, repeated) = await PersistAsync(() => OperatorMethods.Restore.CallAsync(To(id), new(target, null))).ConfigureAwait(false);
            var undo = planned.Take().Undo;

            // 3.
            await PersistAsync(() => RestartAsync(id)).ConfigureAwait(false);
            var (current, _) = await PersistAsync(() => OperatorMethods.Restored.CallAsync(To(id), true)).ConfigureAwait(false);

            // A plan that had to be repeated may have been carried out in between, and its own undo is then not the state before.
            return new(target, current, repeated ? before : undo);
        }
        catch (Exception e) when (e is DurableObjectException { Retryable: true } or StorageException)
        {
            throw new DurableObjectException(
                (e as DurableObjectException)?.Code ?? "storage_failed",
                $"{id} cannot be had now, and it is not known whether it has been restored to {target}, or will be at its next start: {e.Message} "
                + $"Look at its history (skerry objects history), or restore it once more: that does no harm. What it was is {before}.",
                e)
            { Retryable = true };
        }
    }

    /// <summary>How long a restore that is under way is repeated.</summary>
    internal TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    private async Task<bool> RestartAsync(DurableObjectId id)
    {
        try
        {
            return await OperatorMethods.Restart.CallAsync(To(id), "an operator restores it to an earlier state").ConfigureAwait(false);
        }
        catch (DurableObjectException e) when (e.Code == "aborted")
        {
            // That is how a restart ends. The next call starts the object, and with it the restore.
            return true;
        }
    }

    private async Task<(T Answer, bool Repeated)> PersistAsync<T>(Func<Task<T>> call)
    {
        var began = _runtime.Time.GetTimestamp();
        for (var repeated = false; ; repeated = true)
        {
            try
            {
                return (await call().ConfigureAwait(false), repeated);
            }
            catch (Exception e) when (e is DurableObjectException { Retryable: true } or StorageException && _runtime.Time.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(s_again, _runtime.Time).ConfigureAwait(false);
            }
        }
    }

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(200);

    /// <summary>Reads everything that is kept of an object, and compares every checksum.</summary>
    /// <exception cref="ObjectHistoryException">The object has never written.</exception>
    public async Task<HistoryProof> VerifyAsync(DurableObjectId id)
    {
        await CheckExistsAsync(id).ConfigureAwait(false);
        return await OperatorMethods.Prove.CallAsync(To(id), true).ConfigureAwait(false);
    }

    /// <summary>Answers a request with an object's state as a plain SQLite file.</summary>
    /// <param name="id">The object.</param>
    /// <param name="point">Which state; null for the present.</param>
    /// <param name="context">The request, of which nothing but the response is used.</param>
    /// <exception cref="ObjectHistoryException">It is not a bookmark of this object, is not retained, or the object has never written.</exception>
    public async Task ExportAsync(DurableObjectId id, PointInTime? point, HttpContext context)
    {
        await CheckExistsAsync(id).ConfigureAwait(false);

        // What is wrong with the point shows before the response begins.
        var found = (await OperatorMethods.Locate.CallAsync(To(id), point ?? new(null, null)).ConfigureAwait(false)).Take();
        context.Features.Set(new ExportRequest(found.Bookmark));
        await ObjectFetch.InvokeAsync(To(id), context).ConfigureAwait(false);
    }

    private async Task CheckExistsAsync(DurableObjectId id)
    {
        if (!await ExistsAsync(id).ConfigureAwait(false))
        {
            throw new ObjectHistoryException($"{id} has never written anything.");
        }
    }

    private Task<bool> ExistsAsync(DurableObjectId id) =>
        _runtime.Storage.History.ExistsAsync(_runtime.Storage, new(id.Namespace, id.Value), CancellationToken.None);

    private ObjectReference To(DurableObjectId id) => new(_runtime, id, hint: null);
}
