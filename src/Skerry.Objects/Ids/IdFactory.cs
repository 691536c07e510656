using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Skerry.Storage;

namespace Skerry.Objects;

/// <summary>
/// Makes and checks the ids of one namespace. An id is 16 bytes that tell objects apart and 16 bytes of MAC over
/// them:
/// <list type="number">
/// <item>the first 16 are random, or HMAC-SHA256 of the jurisdiction and the name in UTF-8; byte 0 is then replaced by the jurisdiction's number;</item>
/// <item>the last 16 are HMAC-SHA256 of the first 16.</item>
/// </list>
/// Both keys are derived from the namespace's name alone, so every node makes the same ids with nothing to
/// configure. An id is therefore a name and not a secret: the MAC catches ids of other namespaces and mistyped ones,
/// and does not authenticate who sends one. Safe for concurrent use.
/// </summary>
internal sealed class IdFactory
{
    /// <summary>The longest name, in UTF-16 code units.</summary>
    public const int NameLengthMax = 1024;

    private const int HalfSize = Id256.Size / 2;

    // Every request names its object, and two HMACs take about three microseconds. Most requests are for few objects,
    // so a cache of sets of four answers them in tens of nanoseconds. Long names are not kept, which bounds it to 2 MB.
    private const int CacheSets = 1024;
    private const int CacheWays = 4;
    private const int CachedNameLengthMax = 128;

    private static readonly SearchValues<char> s_namespaceCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");

    private readonly DurableObjectId?[] _cache = new DurableObjectId?[CacheSets * CacheWays];
    private readonly string _namespace;
    private readonly byte[] _nameKey;
    private readonly byte[] _macKey;
    private readonly RandomNumberGenerator _random;

    /// <summary>Makes the factory of a namespace.</summary>
    /// <param name="namespace">1 to 64 of <c>a-z 0-9 - _</c>.</param>
    /// <param name="random">The source of random ids; it has to be safe for concurrent use, as the operating system's is.</param>
    /// <exception cref="ArgumentException">The name of the namespace is not valid.</exception>
    public IdFactory(string @namespace, RandomNumberGenerator random)
    {
        if (@namespace is not { Length: >= 1 and <= 64 } || @namespace.AsSpan().ContainsAnyExcept(s_namespaceCharacters))
        {
            throw new ArgumentException($"A namespace's name is 1 to 64 of a-z, 0-9, - and _, not '{@namespace}'.", nameof(@namespace));
        }

        _namespace = @namespace;
        _nameKey = DeriveKey("skerry object id: name\0", @namespace);
        _macKey = DeriveKey("skerry object id: mac\0", @namespace);
        _random = random;
    }

    /// <summary>The id of the object with that name; always the same.</summary>
    /// <param name="name">1 to 1,024 UTF-16 code units of well-formed text, compared exactly: case and normalisation matter.</param>
    /// <param name="jurisdiction">Part of the identity: the same name in another jurisdiction is another object.</param>
    /// <exception cref="ArgumentException">The name is empty, too long or not well-formed.</exception>
    public DurableObjectId FromName(string name, Jurisdiction jurisdiction = Jurisdiction.None)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > CachedNameLengthMax)
        {
            return Hash(name, jurisdiction);
        }

        // Racing threads may drop each other's entries, which costs a computation and nothing else.
        var set = _cache.AsSpan(((name.GetHashCode() + (int)jurisdiction) & (CacheSets - 1)) * CacheWays, CacheWays);
        foreach (ref var slot in set)
        {
            if (Volatile.Read(ref slot) is { } cached && cached.Jurisdiction == jurisdiction && cached.Name == name)
            {
                return cached;
            }
        }

        var id = Hash(name, jurisdiction);
        set[..^1].CopyTo(set[1..]);
        Volatile.Write(ref set[0], id);
        return id;
    }

    /// <summary>A new random id, of an object that has no name.</summary>
    public DurableObjectId Unique(Jurisdiction jurisdiction = Jurisdiction.None)
    {
        Id256 id = default;
        _random.GetBytes(((Span<byte>)id)[..HalfSize]);
        return Complete(ref id, null, jurisdiction);
    }

    /// <summary>Takes an id back from its text.</summary>
    /// <param name="hex">64 hexadecimal digits of either case, of an id of this namespace.</param>
    /// <param name="required">The jurisdiction that the id must have; null for any.</param>
    /// <exception cref="InvalidObjectIdException">It is not such an id.</exception>
    public DurableObjectId Parse(string hex, Jurisdiction? required = null)
    {
        ArgumentNullException.ThrowIfNull(hex);
        if (!Id256.TryParse(hex, out var id))
        {
            throw Invalid(InvalidObjectIdReason.Malformed, $"An object's id is {Id256.Size * 2} hexadecimal digits; this is not ({hex.Length} characters).");
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_macKey, id.Bytes[..HalfSize], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac[..HalfSize], id.Bytes[HalfSize..]))
        {
            throw Invalid(InvalidObjectIdReason.OtherNamespace, $"This id was not made in the namespace '{_namespace}'. Accepted are ids that this namespace has given out.");
        }

        var jurisdiction = (Jurisdiction)id.Bytes[0];
        if (!Enum.IsDefined(jurisdiction))
        {
            throw Invalid(InvalidObjectIdReason.Malformed, $"This id has the jurisdiction number {id.Bytes[0]}, which is not known here; known are {JurisdictionCodes.Accepted} and none.");
        }

        return required is { } wanted && wanted != jurisdiction
            ? throw Invalid(
                InvalidObjectIdReason.OtherJurisdiction,
                $"This id belongs to the jurisdiction '{jurisdiction.ToCode() ?? "none"}'. Accepted are ids of '{wanted.ToCode() ?? "none"}'.")
            : new DurableObjectId(id, _namespace, null, jurisdiction);
    }

    private DurableObjectId Hash(string name, Jurisdiction jurisdiction)
    {
        if (name.Length is 0 or > NameLengthMax)
        {
            throw new ArgumentException($"An object's name is 1 to {NameLengthMax} characters long, not {name.Length}.", nameof(name));
        }

        Span<byte> input = stackalloc byte[1 + (NameLengthMax * 3)];
        input[0] = (byte)jurisdiction;

        // A lone surrogate has no UTF-8, and replacing it would give two names one object.
        if (Utf8.FromUtf16(name, input[1..], out _, out var written, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            throw new ArgumentException("An object's name is well-formed Unicode; this one has half of a surrogate pair.", nameof(name));
        }

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_nameKey, input[..(1 + written)], hash);
        Id256 id = default;
        hash[..HalfSize].CopyTo(id);
        return Complete(ref id, name, jurisdiction);
    }

    // The jurisdiction takes byte 0, and the MAC the second half.
    private DurableObjectId Complete(ref Id256 id, string? name, Jurisdiction jurisdiction)
    {
        if (!Enum.IsDefined(jurisdiction))
        {
            throw new ArgumentOutOfRangeException(nameof(jurisdiction), jurisdiction, $"The jurisdictions are {JurisdictionCodes.Accepted}, or none.");
        }

        Span<byte> bytes = id;
        bytes[0] = (byte)jurisdiction;
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_macKey, bytes[..HalfSize], mac);
        mac[..HalfSize].CopyTo(bytes[HalfSize..]);
        return new DurableObjectId(id, _namespace, name, jurisdiction);
    }

    private static byte[] DeriveKey(string purpose, string @namespace) => SHA256.HashData(Encoding.ASCII.GetBytes(purpose + @namespace));

    private static InvalidObjectIdException Invalid(InvalidObjectIdReason reason, string message) => new(reason, message, "hex");
}
