using System.Globalization;

namespace Skerry.Server.Configuration;

/// <summary>Every setting of <c>skerry</c>: the one source for the file's keys, the variables, the flags and the help.</summary>
internal static class SettingTable
{
    /// <summary>The settings in the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("data", "FOLDER", "where everything is kept (default ./data)", static (options, value) =>
        {
            if (string.IsNullOrWhiteSpace(value) || value.Contains('\0'))
            {
                return "is not a folder's path";
            }

            options.DataFolder = value;
            return null;
        }),
        new("api_url", "URL", "management API and dashboard (default http://127.0.0.1:8788)", static (options, value) =>
        {
            if (!ListenUrl.TryParse(value, out var url, out var problem))
            {
                return problem;
            }

            options.ApiUrl = url;
            return null;
        }),
        new("gateway_url", "URL", "gateway to the objects (default http://127.0.0.1:8787)", static (options, value) =>
        {
            if (!ListenUrl.TryParse(value, out var url, out var problem))
            {
                return problem;
            }

            options.GatewayUrl = url;
            return null;
        }),
        new("log_level", "LEVEL", "debug, information, warning (default), error or none", static (options, value) =>
        {
            LogLevel? level = value switch
            {
                "debug" => LogLevel.Debug,
                "information" => LogLevel.Information,
                "warning" => LogLevel.Warning,
                "error" => LogLevel.Error,
                "none" => LogLevel.None,
                _ => null,
            };
            options.LogLevel = level ?? options.LogLevel;
            return level is null ? "is not a level; accepted are debug, information, warning, error and none" : null;
        }),
        Whole("api.requests_per_minute", "COUNT", "requests a token may send in a minute (default 60000)", 10, 1_000_000_000,
            static (options, value) => options.ApiRequestsPerMinute = value),
        Whole("gateway.body_bytes_max", "BYTES", "largest request body (default 100 MiB)", 1024, int.MaxValue,
            static (options, value) => options.GatewayBodyBytesMax = value),
        Whole("objects.sql_bound_parameters", "COUNT", "parameters of one SQL statement (default 100)", 1, 32_766,
            static (options, value) => options.SqlBoundParametersMax = (int)value),
        Whole("objects.idle_evict_seconds", "SECONDS", "an idle object leaves memory after (default 10)", 1, 86_400,
            static (options, value) => options.IdleEvictAfter = TimeSpan.FromSeconds(value)),
        Whole("objects.open_databases_max", "COUNT", "databases open at once (default 1000)", 1, 1_000_000,
            static (options, value) => options.OpenDatabasesMax = (int)value),
        Whole("objects.history_days", "DAYS", "how far back objects can be restored (default 30)", 1, 3650,
            static (options, value) => options.HistoryFor = TimeSpan.FromDays(value)),
        Whole("objects.history_bytes_max", "BYTES", "disk that the history may take (default 16 GiB)", 1 << 20, long.MaxValue,
            static (options, value) => options.HistoryBytesMax = value),
        .. SignInSettings.All,
        .. FleetSettings.All,
    ];

    private static Setting Whole(
        string key, string valueName, string summary, long min, long max, Action<SkerryServerOptions, long> set) =>
        new(key, valueName, summary, (options, text) =>
        {
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || value < min || value > max)
            {
                return string.Create(CultureInfo.InvariantCulture, $"is not accepted; accepted is a whole number from {min} to {max}");
            }

            set(options, value);
            return null;
        });
}
