using Microsoft.AspNetCore.Http;

namespace Skerry.Objects;

/// <summary>
/// What every durable object can be asked. A class's own interface extends it with methods that return
/// <see cref="Task"/> or <see cref="Task{T}"/>: those are its remote procedure calls.
/// </summary>
public interface IDurableObject
{
    /// <summary>Answers an HTTP request. The response leaves when the writes made before it are confirmed.</summary>
    Task Fetch(HttpContext context);
}
