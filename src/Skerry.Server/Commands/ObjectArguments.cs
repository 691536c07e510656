using System.CommandLine;
using System.Text.Json;

namespace Skerry.Server.Commands;

/// <summary>The arguments by which a command names an object.</summary>
internal sealed class ObjectArguments
{
    private readonly Argument<string> _namespace = new("NAMESPACE") { Description = "the namespace's name, or its id" };

    private readonly Argument<string> _object = new("OBJECT") { Description = "the object's name, or its id of 64 hexadecimal digits" };

    /// <summary>Makes the arguments part of a command.</summary>
    public static ObjectArguments AddTo(Command command)
    {
        var arguments = new ObjectArguments();
        command.Arguments.Add(arguments._namespace);
        command.Arguments.Add(arguments._object);
        return arguments;
    }

    /// <summary>The object as it was written.</summary>
    public string ObjectIn(ParseResult parsed) => parsed.GetValue(_object)!;

    /// <summary>The namespace as it was written.</summary>
    public string NamespaceIn(ParseResult parsed) => parsed.GetValue(_namespace)!;

    /// <summary>The object's part of the API's paths.</summary>
    /// <exception cref="CommandException">There is no such namespace.</exception>
    public async Task<string> PathAsync(ParseResult parsed, ApiClient api, CancellationToken cancel)
    {
        var wanted = NamespaceIn(parsed);
        var namespaces = $"{await api.AccountPathAsync(cancel)}/workers/durable_objects/namespaces";
        var (known, _) = await api.AskAsync(HttpMethod.Get, namespaces, null, cancel);
        var id = known.EnumerateArray().Where(one => TextOf(one, "name") == wanted || TextOf(one, "id") == wanted).Select(static one => TextOf(one, "id")).FirstOrDefault();
        if (id is null)
        {
            throw new CommandException(ExitCodes.Failed, $"there is no namespace \"{wanted}\"; there are: {string.Join(", ", known.EnumerateArray().Select(static one => TextOf(one, "name")))}");
        }

        var which = ObjectIn(parsed);
        var isId = which.Length == 64 && which.All(char.IsAsciiHexDigit);
        return $"{namespaces}/{id}/objects/{(isId ? which : $"name:{Uri.EscapeDataString(which)}")}";
    }

    private static string TextOf(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
