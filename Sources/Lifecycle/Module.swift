enum LifecycleModule {}
