enum Cgroups {}
