namespace Skerry.Objects.Alarms;

/// <summary>What has happened to an alarm since it became due; <c>default</c> before its first attempt.</summary>
/// <param name="Failures">Attempts that failed, for whatever reason. The delay before the next one grows with it.</param>
/// <param name="CountedRetries">Retries that were granted because the handler failed.</param>
internal readonly record struct AlarmAttempts(int Failures, int CountedRetries);
