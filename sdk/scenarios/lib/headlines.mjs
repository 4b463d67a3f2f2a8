export const measureHeadlines = async () => 0;
