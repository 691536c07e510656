using System.Globalization;
using System.Text.Json;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Parsing;

namespace Skerry.Server.Configuration;

/// <summary>Reads a configuration file, TOML or (by its name's ending) JSON, into dotted keys and values.</summary>
internal static class ConfigurationFile
{
    /// <summary>The file that is read from the working folder, if it is there, when no other is named.</summary>
    public const string DefaultName = "skerry.toml";

    /// <summary>
    /// The values in <paramref name="path"/> by dotted key, in the file's order. What cannot be read is added to
    /// <paramref name="errors"/>, one line each; the readable rest is still answered, so that all errors show at once.
    /// </summary>
    public static List<(string Key, string Value)> Read(string path, List<string> errors)
    {
        var values = new List<(string Key, string Value)>();
        try
        {
            var text = File.ReadAllText(path);
            if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            {
                using var document = JsonDocument.Parse(text, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                Flatten(path, "", document.RootElement, values, errors);
            }
            else
            {
                // The model keeps the last of two equal keys; only the syntax tree's validation tells of them.
                var faults = SyntaxParser.Parse(text, path, validate: true).Diagnostics;
                if (faults.HasErrors)
                {
                    throw new TomlException(faults);
                }

                Flatten(path, "", TomlSerializer.Deserialize<TomlTable>(text)!, values, errors);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"configuration file {path}: cannot be read: {OneLine(e.Message)}");
        }
        catch (Exception e) when (e is TomlException or JsonException)
        {
            errors.Add($"configuration file {path}: {OneLine(e.Message)}");
        }

        return values;
    }

    private static void Flatten(string path, string prefix, TomlTable table, List<(string, string)> values, List<string> errors)
    {
        foreach (var (key, value) in table)
        {
            switch (value)
            {
                case TomlTable inner:
                    Flatten(path, $"{prefix}{key}.", inner, values, errors);
                    break;
                case string or bool or long or double:
                    values.Add((prefix + key, Convert.ToString(value, CultureInfo.InvariantCulture)!));
                    break;
                default:
                    errors.Add($"configuration file {path}: \"{prefix}{key}\" has a value of a kind that no setting takes; accepted are strings and numbers");
                    break;
            }
        }
    }

    private static void Flatten(string path, string prefix, JsonElement element, List<(string, string)> values, List<string> errors)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add($"configuration file {path}: holds no JSON object");
            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Flatten(path, $"{prefix}{property.Name}.", property.Value, values, errors);
                    break;
                case JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    values.Add((prefix + property.Name, property.Value.ToString()));
                    break;
                default:
                    errors.Add($"configuration file {path}: \"{prefix}{property.Name}\" has a value of a kind that no setting takes; accepted are strings and numbers");
                    break;
            }
        }
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
