enum SeccompModule {}
