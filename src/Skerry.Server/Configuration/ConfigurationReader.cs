namespace Skerry.Server.Configuration;

/// <summary>
/// Puts the settings together: defaults, then the configuration file, then the environment, then the command line.
/// Every source is checked in full even where a later one overrides it, so that all errors are reported at once.
/// </summary>
internal sealed class ConfigurationReader
{
    private const string ConfigFlag = "--config";
    private const string ConfigVariable = Setting.EnvironmentPrefix + "CONFIG";

    private readonly SkerryServerOptions _options = new();
    private readonly List<string> _errors = [];

    private ConfigurationReader()
    {
    }

    /// <summary>Reads all sources.</summary>
    /// <param name="arguments">The command line, without the program's name.</param>
    /// <param name="environment">The environment; only names with the prefix <c>SKERRY_</c> are looked at.</param>
    /// <param name="workingFolder">Where <c>skerry.toml</c> is looked for.</param>
    public static StartRequest Read(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string workingFolder) =>
        new ConfigurationReader().ReadAll(arguments, environment, workingFolder);

    private StartRequest ReadAll(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string workingFolder)
    {
        var problems = new List<string>();
        var line = CommandLine.Parse(arguments, problems);
        var file = line.ConfigurationFile ?? environment.GetValueOrDefault(ConfigVariable);
        var implied = Path.Combine(workingFolder, ConfigurationFile.DefaultName);
        if (file is null && File.Exists(implied))
        {
            file = implied;
        }

        if (file is not null)
        {
            ApplyFile(Path.Combine(workingFolder, file));
        }

        ApplyEnvironment(environment);
        _errors.AddRange(problems);
        foreach (var (setting, value) in line.Values)
        {
            Apply(setting, value, $"command line: {setting.Flag}");
        }

        if (_options.ApiUrl == _options.GatewayUrl && _options.ApiUrl.Port != 0)
        {
            _errors.Add($"api_url and gateway_url are both {_options.ApiUrl}; they need different ports");
        }

        _errors.AddRange(SignInSettings.Check(_options));
        _errors.AddRange(FleetChecks.Run(_options));
        _options.DataFolder = Path.GetFullPath(_options.DataFolder, workingFolder);
        var cluster = _options.Cluster;
        (cluster.KeyFile, cluster.Certificate, cluster.CertificateKey, cluster.Ca) =
            (InFolder(cluster.KeyFile), InFolder(cluster.Certificate), InFolder(cluster.CertificateKey), InFolder(cluster.Ca));
        return new StartRequest(_options, _errors, line.ShowHelp, line.ShowVersion);

        string? InFolder(string? path) => path is null ? null : Path.GetFullPath(path, workingFolder);
    }

    private void ApplyFile(string path)
    {
        foreach (var (key, value) in ConfigurationFile.Read(path, _errors))
        {
            var setting = SettingTable.All.FirstOrDefault(s => s.Key == key);
            if (setting is null)
            {
                _errors.Add($"configuration file {path}: unknown key \"{key}\"{NearestName.Hint(key, SettingTable.All.Select(s => s.Key))}");
                continue;
            }

            Apply(setting, value, $"configuration file {path}: \"{key}\"");
        }
    }

    private void ApplyEnvironment(IReadOnlyDictionary<string, string> environment)
    {
        // Sorted, because the environment has no order and error lines should come in the same one each time.
        foreach (var (name, value) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(Setting.EnvironmentPrefix, StringComparison.Ordinal) || name == ConfigVariable)
            {
                continue;
            }

            var setting = SettingTable.All.FirstOrDefault(s => s.EnvironmentName == name);
            if (setting is null)
            {
                _errors.Add($"environment: unknown variable {name}{NearestName.Hint(name, SettingTable.All.Select(s => s.EnvironmentName).Append(ConfigVariable))}");
                continue;
            }

            Apply(setting, value, $"environment: {name}");
        }
    }

    private void Apply(Setting setting, string value, string source)
    {
        if (setting.Apply(_options, value) is { } problem)
        {
            _errors.Add(setting.IsSecret ? $"{source}: the value {problem}" : $"{source}: \"{value}\" {problem}");
        }
    }

    /// <summary>The parsed command line.</summary>
    private sealed record CommandLine(string? ConfigurationFile, List<(Setting Setting, string Value)> Values, bool ShowHelp, bool ShowVersion)
    {
        public static CommandLine Parse(IReadOnlyList<string> arguments, List<string> errors)
        {
            string? file = null;
            var values = new List<(Setting, string)>();
            var help = false;
            var version = false;
            for (var i = 0; i < arguments.Count; i++)
            {
                if (arguments[i] is "--help" or "-h" or "-?")
                {
                    help = true;
                    continue;
                }

                if (arguments[i] is "--version")
                {
                    version = true;
                    continue;
                }

                // Both "--data FOLDER" and "--data=FOLDER" are common; a value may itself hold an equals sign.
                var parts = arguments[i].Split('=', 2);
                var setting = SettingTable.All.FirstOrDefault(s => s.Flag == parts[0]);
                if (setting is null && parts[0] != ConfigFlag)
                {
                    var flags = SettingTable.All.Select(s => s.Flag).Concat([ConfigFlag, "--help", "--version"]);
                    errors.Add($"command line: unknown argument {parts[0]}{NearestName.Hint(parts[0], flags)}");

                    // The unknown flag's value is not an error of its own.
                    if (parts is [['-', ..]] && i + 1 < arguments.Count && !arguments[i + 1].StartsWith('-'))
                    {
                        i++;
                    }

                    continue;
                }

                if (parts.Length == 1 && (i + 1 == arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal)))
                {
                    errors.Add($"command line: {parts[0]} needs a value: {parts[0]} {setting?.ValueName ?? "FILE"}");
                    continue;
                }

                var value = parts.Length == 2 ? parts[1] : arguments[++i];
                if (setting is null)
                {
                    file = value;
                }
                else
                {
                    values.Add((setting, value));
                }
            }

            return new CommandLine(file, values, help, version);
        }
    }
}
