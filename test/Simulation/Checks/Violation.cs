namespace Skerry.Simulation.Checks;

/// <summary>One of the statements that must always hold did not.</summary>
internal sealed class Violation(string statement, string what) : Exception($"{statement}: {what}")
{
    public string Statement => statement;
}
