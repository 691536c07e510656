using System.Collections;
using System.CommandLine;
using Skerry.Server.Configuration;
using Skerry.Server.Credentials;
using Skerry.Server.Management.Access;

namespace Skerry.Server.Commands;

/// <summary>The options by which a command finds the node that it asks.</summary>
internal sealed class NodeConnection
{
    private readonly Option<string?> _data = new("--data")
    {
        Description = "the node's data folder, for its credentials.json (default as for the node itself)",
        HelpName = "FOLDER",
    };

    private readonly Option<string?> _url = new("--api-url") { Description = "the node's management API (default from credentials.json)", HelpName = "URL" };

    private readonly Option<string?> _token = new("--token") { Description = "a token for it (default from credentials.json)", HelpName = "TOKEN" };

    private readonly Option<bool> _json = new("--json") { Description = "the API's answer, as JSON" };

    /// <summary>Makes the options part of a command.</summary>
    public static NodeConnection AddTo(Command command, bool withJson = true)
    {
        var connection = new NodeConnection();
        command.Options.Add(connection._data);
        command.Options.Add(connection._url);
        command.Options.Add(connection._token);
        if (withJson)
        {
            command.Options.Add(connection._json);
        }

        return connection;
    }

    /// <summary>Whether the answer is to be JSON.</summary>
    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>The way to the node.</summary>
    /// <exception cref="CommandException">There are no credentials.</exception>
    /// <param name="parsed">The command line.</param>
    /// <param name="forNode">Whether the node's own token is enough.</param>
    public ApiClient Open(ParseResult parsed, bool forNode = false)
    {
        string? account = null;
        var url = parsed.GetValue(_url);
        var token = parsed.GetValue(_token);
        if (url is null || token is null)
        {
            var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToDictionary(static entry => (string)entry.Key, static entry => entry.Value as string ?? "");
            var folder = parsed.GetValue(_data) is { } named
                ? Path.GetFullPath(named)
                : ConfigurationReader.Read([], environment, Directory.GetCurrentDirectory()).Options.DataFolder;
            var credentials = (Directory.Exists(folder) ? CredentialsFile.Load(folder) : null) ?? throw new CommandException(
                ExitCodes.NotAsked,
                $"there is no {CredentialsFile.Name} in {folder}; name the data folder of a node that has been started with --data, or give --api-url and --token");
            url ??= credentials.ApiUrl is { Length: > 0 } own ? own : throw new CommandException(
                ExitCodes.NotAsked, $"the node of {folder} has no management API (node.roles); ask another one, with --data or --api-url");
            account = token is not null ? null : forNode ? NodeToken.AnyAccount : credentials.AccountId;
            token ??= (forNode ? credentials.NodeToken : credentials.ApiToken) ?? throw new CommandException(
                ExitCodes.NotAsked, $"{CredentialsFile.Name} in {folder} has no token yet, because too few nodes of the fleet run; start more of them, or give --token");
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new(address, token, account)
            : throw new CommandException(ExitCodes.WrongUsage, $"--api-url: \"{url}\" is not accepted; accepted is http://HOST:PORT");
    }
}
