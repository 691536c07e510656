using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Skerry.Server.Configuration;

/// <summary>Where nodes find each other: exactly one of both is not null. Immutable.</summary>
/// <param name="Redis">A configuration of StackExchange.Redis.</param>
/// <param name="Postgres">A connection string of Npgsql.</param>
/// <param name="Shown">The address without user and password, for messages.</param>
public sealed record MembershipUrl(string? Redis, string? Postgres, string Shown)
{
    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Accepted =
        "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] (rediss:// for TLS) or postgres://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?SETTING=VALUE&…]; a comma in a password of Redis is not accepted";

    /// <summary>Parses <paramref name="text"/>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MembershipUrl? url)
    {
        url = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Fragment.Length > 0)
        {
            return false;
        }

        var credentials = uri.UserInfo.Split(':', 2);
        var user = Uri.UnescapeDataString(credentials[0]);
        var password = credentials.Length == 2 ? Uri.UnescapeDataString(credentials[1]) : "";
        var database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/'));
        url = uri.Scheme switch
        {
            "redis" or "rediss" => RedisOf(uri, user, password, database),
            "postgres" or "postgresql" => PostgresOf(uri, user, password, database),
            _ => null,
        };
        return url is not null;
    }

    // The record's own text would show the password.
    /// <inheritdoc/>
    public override string ToString() => Shown;

    private static MembershipUrl? RedisOf(Uri uri, string user, string password, string database)
    {
        if (uri.Query.Length > 0
            || (user + password).Contains(',', StringComparison.Ordinal)
            || (database.Length > 0 && !ushort.TryParse(database, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            return null;
        }

        var port = uri.Port > 0 ? uri.Port : 6379;
        List<string> parts = [new HostPort(uri.DnsSafeHost, port).ToString()];
        Add("user", user);
        Add("password", password);
        Add("defaultDatabase", database);
        Add("ssl", uri.Scheme == "rediss" ? "true" : "");
        return new(string.Join(',', parts), null, $"{uri.Scheme}://{parts[0]}{(database.Length > 0 ? "/" : "")}{database}");

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                parts.Add($"{name}={value}");
            }
        }
    }

    private static MembershipUrl? PostgresOf(Uri uri, string user, string password, string database)
    {
        if (database.Length == 0 || database.Contains('/', StringComparison.Ordinal))
        {
            return null;
        }

        var port = uri.Port > 0 ? uri.Port : 5432;
        var text = new DbConnectionStringBuilder { ["Host"] = uri.DnsSafeHost, ["Port"] = port, ["Database"] = database };
        if (user.Length > 0)
        {
            text["Username"] = user;
        }

        if (password.Length > 0)
        {
            text["Password"] = password;
        }

        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } name, { } value])
            {
                return null;
            }

            // libpq's names; Npgsql has the same without the hyphens and underscores.
            text[Uri.UnescapeDataString(name).Replace("_", "", StringComparison.Ordinal)] = Uri.UnescapeDataString(value);
        }

        return new(null, text.ConnectionString, $"{uri.Scheme}://{new HostPort(uri.DnsSafeHost, port)}/{database}");
    }
}
