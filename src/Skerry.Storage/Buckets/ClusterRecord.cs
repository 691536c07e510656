using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skerry.Storage.Buckets;

/// <summary>
/// Which cluster a bucket belongs to, under <c>cluster</c>. Written once, by the first node that opens the bucket, and
/// never again.
/// </summary>
public sealed partial record ClusterRecord
{
    /// <summary>The key.</summary>
    public const string Key = "cluster";

    /// <summary>The layout of the bucket that this version writes, and the newest it reads.</summary>
    public const int CurrentFormat = 1;

    private const int IdBytes = 16;
    private const int Attempts = 5;

    /// <summary>The layout of everything in the bucket.</summary>
    public required int Format { get; init; }

    /// <summary>Names the cluster: random, 32 hexadecimal digits.</summary>
    public required string ClusterId { get; init; }

    /// <summary>When the bucket was first used, Unix milliseconds.</summary>
    public required long CreatedMs { get; init; }

    /// <summary>HMAC-SHA256 of the other members under the cluster's secret, in hexadecimal digits: who has the secret can tell that it is the right one.</summary>
    public required string Proof { get; init; }

    /// <summary>Reads the record and checks it, or writes it if the bucket has none.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="secret">What the cluster's nodes share, and nobody else has.</param>
    /// <param name="time">For the time of creation.</param>
    /// <param name="random">For the cluster's id.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StorageException">The bucket is of another cluster, of a newer version, or its record is damaged.</exception>
    public static async Task<ClusterRecord> OpenAsync(
        IBucket bucket, ReadOnlyMemory<byte> secret, TimeProvider time, RandomNumberGenerator random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(bucket);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        for (var attempt = 1; ; attempt++)
        {
            if (await bucket.GetAsync(Key, cancel) is { } found)
            {
                return Check(bucket, found.Content.Span, secret.Span);
            }

            var created = Create(secret.Span, time.GetUtcNow().ToUnixTimeMilliseconds(), random);
            try
            {
                var content = JsonSerializer.SerializeToUtf8Bytes(created, ClusterJson.Default.ClusterRecord);
                if ((await bucket.PutAsync(Key, content, PutCondition.IfAbsent, cancel)).Stored)
                {
                    return created;
                }
            }
            catch (BucketException e) when (e.Fault == BucketFault.OutcomeUnknown && attempt < Attempts)
            {
                // Whatever is there now is the record: this one, another node's, or none yet.
            }

            // Another node was first; its record is read. Nobody removes it, so it is there.
            if (attempt >= Attempts)
            {
                throw new BucketException(
                    BucketFault.Unsuitable,
                    $"In {bucket.Description}, {Key} cannot be created, as if it existed, and yet it is not there. Somebody deletes it, or the bucket does not show at once what was written.");
            }
        }
    }

    private static ClusterRecord Create(ReadOnlySpan<byte> secret, long createdMs, RandomNumberGenerator random)
    {
        Span<byte> id = stackalloc byte[IdBytes];
        random.GetBytes(id);
        var record = new ClusterRecord { Format = CurrentFormat, ClusterId = Convert.ToHexStringLower(id), CreatedMs = createdMs, Proof = "" };
        return record with { Proof = record.ProofBy(secret) };
    }

    private static ClusterRecord Check(IBucket bucket, ReadOnlySpan<byte> content, ReadOnlySpan<byte> secret)
    {
        ClusterRecord? record = null;
        int format;
        try
        {
            // The format first, alone: of a newer record nothing else is known.
            format = JsonSerializer.Deserialize(content, ClusterJson.Default.FormatOnly)?.Format ?? 0;
            record = format == CurrentFormat ? JsonSerializer.Deserialize(content, ClusterJson.Default.ClusterRecord) : null;
        }
        catch (JsonException)
        {
            throw new StorageDamagedException($"{bucket.Description}: {Key}", 0, "it is not the JSON that it should be");
        }

        if (format > CurrentFormat)
        {
            throw new StorageException(
                $"{bucket.Description} has format {format}, of a newer version; this one reads up to {CurrentFormat}. Use the newer version, or choose another bucket or prefix.");
        }

        if (record is null)
        {
            throw new StorageDamagedException($"{bucket.Description}: {Key}", 0, $"it says format {format}, which there is none of");
        }

        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(record.Proof), Encoding.UTF8.GetBytes(record.ProofBy(secret))))
        {
            throw new StorageException(
                $"{bucket.Description} belongs to another cluster ({record.ClusterId}), or this node has another cluster key than the one it was made with. Give this node that cluster's key, or choose another bucket or prefix.");
        }

        return record;
    }

    private string ProofBy(ReadOnlySpan<byte> secret) => Convert.ToHexStringLower(HMACSHA256.HashData(
        secret,
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"skerry cluster\n{Format}\n{ClusterId}\n{CreatedMs}"))));

    internal sealed record FormatOnly(int Format);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(ClusterRecord))]
    [JsonSerializable(typeof(FormatOnly))]
    private sealed partial class ClusterJson : JsonSerializerContext;
}
