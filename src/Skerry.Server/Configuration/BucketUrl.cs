using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Skerry.Server.Configuration;

/// <summary>Where the bucket is: a folder, or a bucket of an S3-compatible store. Immutable.</summary>
/// <param name="Folder">The folder's full path; null for S3.</param>
/// <param name="Bucket">The bucket's name; null for a folder.</param>
/// <param name="Prefix">What all keys in an S3 bucket begin with, without a slash at either end; empty for none.</param>
public sealed partial record BucketUrl(string? Folder, string? Bucket, string Prefix)
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted = "file:///FOLDER or s3://BUCKET[/PREFIX]";

    /// <summary>Whether it is a bucket of an S3-compatible store.</summary>
    public bool IsS3 => Bucket is not null;

    /// <summary>Parses <paramref name="text"/>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out BucketUrl? url)
    {
        url = null;
        if (text.Contains('?', StringComparison.Ordinal) || text.Contains('#', StringComparison.Ordinal) || text.Any(char.IsControl))
        {
            return false;
        }

        if (text.StartsWith("s3://", StringComparison.Ordinal))
        {
            var parts = text[5..].Split('/', 2);
            var prefix = parts.Length == 2 ? parts[1].Trim('/') : "";
            if (!BucketName().IsMatch(parts[0]) || prefix.Contains("//", StringComparison.Ordinal))
            {
                return false;
            }

            url = new(null, parts[0], prefix);
            return true;
        }

        // Three slashes: what stands between the second and the third would be a host, which a folder does not have.
        if (!text.StartsWith("file:///", StringComparison.Ordinal) || text.Length == 8)
        {
            return false;
        }

        url = new(Path.GetFullPath(Uri.UnescapeDataString(new Uri(text).AbsolutePath)), null, "");
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => IsS3 ? $"s3://{Bucket}{(Prefix.Length > 0 ? "/" : "")}{Prefix}" : new Uri(Folder!).AbsoluteUri;

    // The rules of Amazon S3; other stores accept the same or more.
    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex BucketName();
}
