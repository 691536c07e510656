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
    /// transaction of its own, and can be undone.
    /// </summary>
    /// <exception cref="ObjectHistoryException">It is not a bookmark of this object, lies in its future, or is not retained.</exception>
    /// <exception cref="DurableObjectException">What is kept of that state is damaged; the object keeps its newest.</exception>
    public async Task<ObjectRestored> RestoreAsync(DurableObjectId id, PointInTime point)
    {
        await CheckExistsAsync(id).ConfigureAwait(false);
        var planned = (await OperatorMethods.Restore.CallAsync(To(id), point).ConfigureAwait(false)).Take();
        try
        {
            await OperatorMethods.Restart.CallAsync(To(id), "an operator restores it to an earlier state").ConfigureAwait(false);
        }
        catch (DurableObjectException e) when (e.Code == "aborted")
        {
            // That is how a restart ends. The next call starts the object, and with it the restore.
        }

        return new(planned.To, await OperatorMethods.Restored.CallAsync(To(id), true).ConfigureAwait(false), planned.Undo);
    }

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
