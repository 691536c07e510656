namespace Skerry.Server.Management.Api;

/// <summary>Brings the operations of the document and the code that answers them together.</summary>
internal sealed class ApiRoutes
{
    private readonly Dictionary<string, RequestDelegate> _handlers = [];

    /// <summary>Names the code that answers an operation.</summary>
    public void Add(string operationId, RequestDelegate handler) => _handlers.Add(operationId, handler);

    /// <summary>Adds a route for every operation.</summary>
    /// <exception cref="InvalidOperationException">The document has an operation that nothing answers, or the other way round.</exception>
    public void MapTo(IEndpointRouteBuilder routes)
    {
        var left = new HashSet<string>(_handlers.Keys);
        foreach (var operation in ApiDocument.Operations)
        {
            if (!left.Remove(operation.Id))
            {
                throw new InvalidOperationException($"Nothing answers the operation {operation.Id} of the API's document.");
            }

            routes.MapMethods(operation.Path, [operation.Method], _handlers[operation.Id]).WithMetadata(operation);
        }

        if (left.Count > 0)
        {
            throw new InvalidOperationException($"The API's document does not have the operations {string.Join(", ", left)}.");
        }
    }
}
