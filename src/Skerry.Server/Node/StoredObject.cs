namespace Skerry.Server.Node;

/// <summary>One object that the node knows.</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="HasStoredData">Whether it has ever written.</param>
internal readonly record struct StoredObject(string Id, bool HasStoredData);
