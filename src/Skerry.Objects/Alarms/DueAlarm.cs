using Skerry.Storage;

namespace Skerry.Objects.Alarms;

/// <summary>An object's alarm.</summary>
/// <param name="Key">The object.</param>
/// <param name="DueMs">When it is due, Unix milliseconds.</param>
internal readonly record struct DueAlarm(ObjectKey Key, long DueMs);
