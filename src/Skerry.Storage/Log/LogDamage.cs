namespace Skerry.Storage.Log;

/// <summary>
/// A place in the log that does not match its checksum although it was once on stable storage. Nothing of it is
/// served; what is legible around it is.
/// </summary>
/// <param name="Path">The file; it may be missing.</param>
/// <param name="Offset">The first damaged byte's batch or record, from 0.</param>
/// <param name="Object">The object whose record is lost; null if that cannot be told, or if no record is lost.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="RecordsLost">False if only the log's own bookkeeping was hit and every record was still found, verified.</param>
public sealed record LogDamage(string Path, long Offset, ObjectKey? Object, string Message, bool RecordsLost);
