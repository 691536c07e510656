using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Skerry.Storage.Relay;

namespace Skerry.Storage.Archive;

/// <summary>
/// The names of everything in the bucket. Numbers are 16 lower-case hexadecimal digits, so that names sort as their
/// numbers do; a name that is not exactly as it would be written here is not parsed.
/// </summary>
public static class BucketKeys
{
    /// <summary>The cluster's own record.</summary>
    public const string Cluster = "cluster";

    /// <summary>Before all session records.</summary>
    public const string SessionsPrefix = "sessions/";

    /// <summary>Before all bundles of all sessions.</summary>
    public const string BundlesPrefix = "bundles/";

    /// <summary>Before everything of all objects.</summary>
    public const string ObjectsPrefix = "objects/";

    /// <summary>Before the alarms of all sessions.</summary>
    public const string AlarmsPrefix = "alarms/";

    /// <summary>Before all lists of what is to be deleted.</summary>
    public const string TrashPrefix = "trash/";

    /// <summary>A session's record.</summary>
    public static string Session(SessionId session) => $"{SessionsPrefix}{session}";

    /// <summary>The pending alarms that a session looks after.</summary>
    public static string Alarms(SessionId session) => $"{AlarmsPrefix}{session}";

    /// <summary>Before a session's bundles.</summary>
    public static string BundlesOf(SessionId session) => $"{BundlesPrefix}{session}/";

    /// <summary>A batch of a session's records, of many objects.</summary>
    public static string Bundle(SessionId session, ulong first, ulong last) => $"{BundlesPrefix}{session}/{Hex(first)}-{Hex(last)}";

    /// <summary>Before everything of one namespace's objects.</summary>
    public static string Namespace(string @namespace) => $"{ObjectsPrefix}{@namespace}/";

    /// <summary>Before everything of one object.</summary>
    public static string Object(ObjectKey key) => $"{ObjectsPrefix}{key.Namespace}/{key.Id}/";

    /// <summary>An object's ownership record.</summary>
    public static string Owner(ObjectKey key) => Object(key) + "owner";

    /// <summary>Before an object's own batches.</summary>
    public static string LogsOf(ObjectKey key) => Object(key) + "log/";

    /// <summary>A batch of one object's transactions.</summary>
    /// <param name="key">The object.</param>
    /// <param name="min">The lowest transaction in it.</param>
    /// <param name="max">The highest transaction in it.</param>
    /// <param name="epoch">The highest epoch in it.</param>
    public static string Log(ObjectKey key, ulong min, ulong max, ulong epoch) => $"{LogsOf(key)}{Hex(min)}-{Hex(max)}-{Hex(epoch)}";

    /// <summary>Before an object's snapshots.</summary>
    public static string SnapshotsOf(ObjectKey key) => Object(key) + "snapshot/";

    /// <summary>A whole database.</summary>
    /// <param name="key">The object.</param>
    /// <param name="txid">The transaction after which it is so.</param>
    /// <param name="epoch">That transaction's epoch.</param>
    /// <param name="alarmMs">The alarm that holds after it; what an LTX file has no place for.</param>
    public static string Snapshot(ObjectKey key, ulong txid, ulong epoch, long alarmMs) =>
        $"{SnapshotsOf(key)}{Hex(txid)}-{Hex(epoch)}-{Hex((ulong)alarmMs)}";

    /// <summary>A list of keys that are to be deleted.</summary>
    /// <param name="timeMs">After when, Unix milliseconds.</param>
    /// <param name="id">Tells lists of one time apart.</param>
    public static string Trash(long timeMs, ulong id) => $"{TrashPrefix}{Hex((ulong)timeMs)}-{Hex(id)}";

    /// <summary>Reads <see cref="Session"/>.</summary>
    public static bool TryParseSession(string key, out SessionId session)
    {
        session = default;
        return key.StartsWith(SessionsPrefix, StringComparison.Ordinal)
            && SessionId.TryParse(key[SessionsPrefix.Length..], out session)
            && key == Session(session);
    }

    /// <summary>Reads <see cref="Bundle"/>.</summary>
    public static bool TryParseBundle(string key, out SessionId session, out ulong first, out ulong last)
    {
        (session, first, last) = (default, 0, 0);
        var parts = key.Split('/');
        return parts is ["bundles", var owner, var range]
            && SessionId.TryParse(owner, out session)
            && TryParseNumbers(range, 2, out var numbers)
            && (first = numbers[0]) <= (last = numbers[1])
            && key == Bundle(session, first, last);
    }

    /// <summary>Reads which object a key under <c>objects/</c> belongs to, and what comes after the object's own part.</summary>
    public static bool TryParseObject(string key, out ObjectKey @object, [NotNullWhen(true)] out string? rest)
    {
        (@object, rest) = (default, null);
        var parts = key.Split('/', 4);
        if (parts is not ["objects", var name, var hex, var tail] || !IsNamespace(name) || !Id256.TryParse(hex, out var id))
        {
            return false;
        }

        @object = new ObjectKey(name, id);
        rest = tail;
        return key.StartsWith(Object(@object), StringComparison.Ordinal);
    }

    /// <summary>Reads <see cref="Log"/>.</summary>
    public static bool TryParseLog(string key, out ObjectKey @object, out ulong min, out ulong max, out ulong epoch)
    {
        (min, max, epoch) = (0, 0, 0);
        return TryParseObject(key, out @object, out var rest)
            && rest.StartsWith("log/", StringComparison.Ordinal)
            && TryParseNumbers(rest["log/".Length..], 3, out var numbers)
            && (min = numbers[0]) <= (max = numbers[1])
            && key == Log(@object, min, max, epoch = numbers[2]);
    }

    /// <summary>Reads <see cref="Snapshot"/>.</summary>
    public static bool TryParseSnapshot(string key, out ObjectKey @object, out ulong txid, out ulong epoch, out long alarmMs)
    {
        (txid, epoch, alarmMs) = (0, 0, 0);
        return TryParseObject(key, out @object, out var rest)
            && rest.StartsWith("snapshot/", StringComparison.Ordinal)
            && TryParseNumbers(rest["snapshot/".Length..], 3, out var numbers)
            && key == Snapshot(@object, txid = numbers[0], epoch = numbers[1], alarmMs = (long)numbers[2]);
    }

    /// <summary>Reads <see cref="Trash"/>.</summary>
    public static bool TryParseTrash(string key, out long timeMs)
    {
        timeMs = 0;
        if (!key.StartsWith(TrashPrefix, StringComparison.Ordinal) || !TryParseNumbers(key[TrashPrefix.Length..], 2, out var numbers))
        {
            return false;
        }

        timeMs = (long)numbers[0];
        return key == Trash(timeMs, numbers[1]);
    }

    /// <summary>True for 1 to 64 of <c>a-z 0-9 - _</c>.</summary>
    internal static bool IsNamespace(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= 64 && !name.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-_");

    private static string Hex(ulong number) => number.ToString("x16", CultureInfo.InvariantCulture);

    private static bool TryParseNumbers(string text, int count, out ulong[] numbers)
    {
        numbers = new ulong[count];
        var parts = text.Split('-');
        if (parts.Length != count)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (parts[i].Length != 16 || !ulong.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
        }

        return true;
    }
}
