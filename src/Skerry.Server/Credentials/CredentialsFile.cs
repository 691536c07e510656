using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skerry.Server.Credentials;

/// <summary>
/// <c>credentials.json</c> in the data folder, readable by its owner only (mode 0600). It is replaced atomically and never
/// written over in place.
/// </summary>
internal static class CredentialsFile
{
    /// <summary>The file's name in the data folder.</summary>
    public const string Name = "credentials.json";

    /// <summary>Reads the file; answers null if there is none.</summary>
    /// <exception cref="StartupException">The file cannot be read or is not one of credentials.</exception>
    public static NodeCredentials? Load(string dataFolder)
    {
        var path = Path.Combine(dataFolder, Name);
        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(path), CredentialsJson.Default.NodeCredentials);
            return read is { AccountId: null, ApiToken: null } or { AccountId.Length: 32, ApiToken.Length: >= 32 } && (read.AccountId ?? "").All(char.IsAsciiHexDigitLower)
                ? read
                : throw new JsonException("account_id or api_token is missing or malformed");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException(
                $"{path} cannot be used ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); restore it from a backup, or move it away to have a new token made", e);
        }
    }

    /// <summary>Writes the file: to a new one beside it, made durable, then renamed over the old one.</summary>
    /// <exception cref="StartupException">The file cannot be written.</exception>
    public static void Save(string dataFolder, NodeCredentials credentials)
    {
        var path = Path.Combine(dataFolder, Name);
        var fresh = path + ".new";
        try
        {
            // A file left by a start that was killed may have another mode, which opening it would keep.
            File.Delete(fresh);
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(fresh, create))
            {
                JsonSerializer.Serialize(stream, credentials, CredentialsJson.Default.NodeCredentials);
                stream.WriteByte((byte)'\n');
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path} cannot be written ({e.Message.TrimEnd('.')}); free space on the disk or give this user write permission", e);
        }
    }
}

/// <summary>The serializer of <see cref="CredentialsFile"/>.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(NodeCredentials))]
internal sealed partial class CredentialsJson : JsonSerializerContext;
