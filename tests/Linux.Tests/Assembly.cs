// Tests here count the descriptors of the process, so they take turns.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
