using Xunit.Sdk;
using Xunit.v3;

// Each test has a fleet of processes, and the machine to itself.
[assembly: Parallelization(Mode = ParallelMode.None)]
