// The maps that a kernel reads have numbers of 32 bits.
alias Input = f32;
