namespace Skerry.Accounts.Tokens;

/// <summary>Why a text is no API token.</summary>
public enum TokenFault
{
    /// <summary>It is one in form; whether it was ever given out is another question.</summary>
    None,

    /// <summary>Its prefix, length or alphabet is another.</summary>
    NotAToken,

    /// <summary>It looks like one and its checksum does not fit: it was mistyped, cut and mended, or made up.</summary>
    ChecksumWrong,
}
