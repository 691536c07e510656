using Skerry.Objects;

namespace Skerry.Crash.Host;

/// <summary>An object whose whole state follows from how many steps it has made; see <see cref="LedgerModel"/>.</summary>
public interface ILedger : IDurableObject
{
    /// <summary>Makes the next step of the ledger with this name. Returns how many have been made.</summary>
    Task<long> Step(string name);

    /// <summary>The state in words, as <see cref="LedgerModel.ToString"/> says it.</summary>
    Task<string> State();

    /// <summary>Writes some bytes; returns how often that was done.</summary>
    Task<long> Fill(int bytes);
}
